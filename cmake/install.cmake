# The program finds the library relative to itself (cli/run_command_library.cpp), so both may move together.
install(TARGETS memprof RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS memprof_preload LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/memprof)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
