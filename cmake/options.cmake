# Warnings and language settings that every target of ours shares.
add_library(memprof_options INTERFACE)
add_library(memprof::options ALIAS memprof_options)
target_include_directories(memprof_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(memprof_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  $<$<BOOL:${MEMPROF_WERROR}>:-Werror>)
