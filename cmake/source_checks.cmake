# Checks of the sources themselves, as tests like any other.
foreach(check format includes)
  add_test(NAME check-${check} COMMAND ${PROJECT_SOURCE_DIR}/scripts/check-${check})
endforeach()
