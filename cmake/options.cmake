# Warnings and language settings that every target of ours shares.
add_library(memprof_options INTERFACE)
add_library(memprof::options ALIAS memprof_options)
target_include_directories(memprof_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(memprof_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  $<$<BOOL:${MEMPROF_WERROR}>:-Werror>)
# GCC 12 warns of overlapping copies inside std::string wherever "literal" + string is inlined (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(memprof_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
endif()

# MEMPROF_SANITIZE=address|undefined|thread instruments whatever links memprof::options, once each. The preloaded library
# must not be instrumented, since a sanitizer's runtime takes the place of malloc itself and allocates on its own. It
# says so with memprof_never_sanitize(). Test programs and examples, which it is loaded into, do not link
# memprof::options and so stay plain as well.
set(MEMPROF_SANITIZE "" CACHE STRING "address, undefined or thread: sanitize everything but the preloaded library")
set_property(CACHE MEMPROF_SANITIZE PROPERTY STRINGS "" address undefined thread)
if(NOT MEMPROF_SANITIZE MATCHES "^(address|undefined|thread)?$")
  message(FATAL_ERROR "MEMPROF_SANITIZE is '${MEMPROF_SANITIZE}'; it can be address, undefined or thread")
endif()
if(MEMPROF_SANITIZE)
  set(plain "$<BOOL:$<TARGET_PROPERTY:MEMPROF_NEVER_SANITIZE>>")
  target_compile_options(memprof_options INTERFACE
    "$<$<NOT:${plain}>:-fsanitize=${MEMPROF_SANITIZE};-fno-sanitize-recover=all;-fno-omit-frame-pointer>")
  # GCC 12 takes std::regex's own variables for uninitialised in instrumented code.
  target_compile_options(memprof_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  # ThreadSanitizer does not follow fences; the collector has one, before it looks for the last time whether to sleep.
  if(MEMPROF_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(memprof_options INTERFACE -Wno-tsan)
  endif()
  target_link_options(memprof_options INTERFACE "$<$<NOT:${plain}>:-fsanitize=${MEMPROF_SANITIZE}>")
endif()

# memprof_never_sanitize(TARGET): for code that runs inside the target program.
function(memprof_never_sanitize target)
  set_target_properties(${target} PROPERTIES MEMPROF_NEVER_SANITIZE ON)
endfunction()
