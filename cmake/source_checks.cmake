# Checks of the sources themselves, as tests like any other.
foreach(check format includes test-names)
  add_test(NAME check-${check} COMMAND ${PROJECT_SOURCE_DIR}/scripts/check-${check})
endforeach()

add_test(NAME check-robustness COMMAND ${PROJECT_SOURCE_DIR}/scripts/check-robustness ${CMAKE_BINARY_DIR})

# The README shows what programs built by GCC do; Clang leaves other allocations out.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_test(NAME check-readme COMMAND ${PROJECT_SOURCE_DIR}/scripts/check-readme ${CMAKE_BINARY_DIR})
  set_tests_properties(check-readme PROPERTIES TIMEOUT 300)
endif()
