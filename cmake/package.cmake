# `cpack` makes a Debian package: memprof, its library, header, CMake package, manual and completions.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME memprof)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_PACKAGE_DESCRIPTION
"Records every allocation and free of a program with its call stack, without
recompiling it, and shows where the memory goes: by source line, function,
type or stack, at the peak and at the end.")
set(CPACK_PACKAGE_CONTACT "memprof maintainers <memprof@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Sources are read where they are; memory behind a stripped program is explained better with its debug symbols.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libc6-dbg")
include(CPack)
