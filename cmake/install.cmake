# bin/memprof looks for its library in ../lib/memprof, seen from itself. So the folder is a fixed one and not
# CMAKE_INSTALL_LIBDIR: nobody links against the library, and both may move together to wherever people like.
install(TARGETS memprof RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS memprof_preload LIBRARY DESTINATION lib/memprof)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
