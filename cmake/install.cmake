# The program finds the library relative to itself (cli/run_command_library.cpp), so both may move together.
set_target_properties(memprof PROPERTIES EXPORT_NAME program)
install(TARGETS memprof EXPORT memprof-targets RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS memprof_preload LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/memprof)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")

# Completions come out of the program itself; a program for another machine cannot be asked.
if(NOT CMAKE_CROSSCOMPILING)
  set(memprof_completions ${CMAKE_BINARY_DIR}/completions)
  foreach(shell bash zsh fish)
    list(APPEND memprof_completion_scripts ${memprof_completions}/memprof.${shell})
    add_custom_command(OUTPUT ${memprof_completions}/memprof.${shell}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${memprof_completions}
      COMMAND $<TARGET_FILE:memprof> completions ${shell} > ${memprof_completions}/memprof.${shell}
      DEPENDS memprof VERBATIM)
  endforeach()
  add_custom_target(memprof_completions ALL DEPENDS ${memprof_completion_scripts})
  # Where Debian's shells look for what packages bring.
  install(FILES ${memprof_completions}/memprof.bash RENAME memprof
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${memprof_completions}/memprof.zsh RENAME _memprof
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
  install(FILES ${memprof_completions}/memprof.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

# The CMake package: find_package(memprof) gives memprof::memprof (the header), memprof::program and memprof_add_gate().
include(CMakePackageConfigHelpers)
add_library(memprof_api INTERFACE)
add_library(memprof::memprof ALIAS memprof_api)
set_target_properties(memprof_api PROPERTIES EXPORT_NAME memprof)
target_include_directories(memprof_api INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(TARGETS memprof_api EXPORT memprof-targets)
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

set(memprof_package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/memprof)
install(EXPORT memprof-targets NAMESPACE memprof:: DESTINATION ${memprof_package_directory})
configure_package_config_file(cmake/memprof-config.cmake.in ${CMAKE_BINARY_DIR}/package/memprof-config.cmake
  INSTALL_DESTINATION ${memprof_package_directory})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/memprof-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_BINARY_DIR}/package/memprof-config.cmake
  ${CMAKE_BINARY_DIR}/package/memprof-config-version.cmake
  ${PROJECT_SOURCE_DIR}/cmake/MemprofGate.cmake
  DESTINATION ${memprof_package_directory})
