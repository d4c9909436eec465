#[[
memprof_add_gate(<target>
  [NAME <test>]             # default: gate.<target>
  [ARGS <argument>...]      # of the program
  [RULES <option>...]       # of `memprof check`: RULES --max-peak 64MiB
  [CONFIG <file>]           # default: the nearest memprof.toml, from here up to the top of the project
  [BASELINE <file>]
  [SUPPRESSIONS <file>...]
  [FORMATS <format>=<file>...]
  [WORKING_DIRECTORY <directory>]
  [ENVIRONMENT <NAME>=<value>...]
  [LABELS <label>...]       # default: memprof
  [TIMEOUT <seconds>])

Adds a test that runs the executable <target> under `memprof check`: it fails when a rule is broken, when the program
fails, and when the gate itself cannot judge. Relative paths of CONFIG, BASELINE and SUPPRESSIONS are relative to the
current source directory, those of FORMATS to the current binary directory. With BASELINE there is also a target
<test>.baseline, which writes what is unfreed now to that file; review it before you commit it.
]]
function(memprof_add_gate target)
  set(one NAME CONFIG BASELINE WORKING_DIRECTORY TIMEOUT)
  set(many ARGS RULES SUPPRESSIONS FORMATS ENVIRONMENT LABELS)
  cmake_parse_arguments(PARSE_ARGV 1 GATE "" "${one}" "${many}")
  _memprof_check_gate("${target}")
  if(NOT DEFINED GATE_NAME)
    set(GATE_NAME "gate.${target}")
  endif()
  if(NOT DEFINED GATE_LABELS)
    set(GATE_LABELS memprof)
  endif()
  if(NOT DEFINED GATE_WORKING_DIRECTORY)
    set(GATE_WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
  endif()

  set(options)
  if(DEFINED GATE_CONFIG)
    cmake_path(ABSOLUTE_PATH GATE_CONFIG)
  else()
    _memprof_find_gate_config(GATE_CONFIG)
  endif()
  if(GATE_CONFIG)
    list(APPEND options --config "${GATE_CONFIG}")
  else()
    list(APPEND options --no-config)
  endif()
  foreach(file IN LISTS GATE_SUPPRESSIONS)
    cmake_path(ABSOLUTE_PATH file)
    list(APPEND options --suppressions "${file}")
  endforeach()
  set(run -- "$<TARGET_FILE:${target}>" ${GATE_ARGS})

  set(judge ${options} ${GATE_RULES})
  if(DEFINED GATE_BASELINE)
    cmake_path(ABSOLUTE_PATH GATE_BASELINE)
    list(APPEND judge --baseline "${GATE_BASELINE}")
    add_custom_target(${GATE_NAME}.baseline
      COMMAND $<TARGET_FILE:memprof::program> check ${options} --write-baseline "${GATE_BASELINE}" ${run}
      WORKING_DIRECTORY "${GATE_WORKING_DIRECTORY}"
      VERBATIM)
    add_dependencies(${GATE_NAME}.baseline ${target})
  endif()
  foreach(format IN LISTS GATE_FORMATS)
    string(REGEX MATCH "^([a-z]+)=(.+)$" matched "${format}")
    set(file "${CMAKE_MATCH_2}")
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
    list(APPEND judge --format "${CMAKE_MATCH_1}=${file}")
  endforeach()
  add_test(NAME "${GATE_NAME}"
    COMMAND $<TARGET_FILE:memprof::program> check ${judge} ${run}
    WORKING_DIRECTORY "${GATE_WORKING_DIRECTORY}")
  set_tests_properties("${GATE_NAME}" PROPERTIES LABELS "${GATE_LABELS}" ENVIRONMENT "${GATE_ENVIRONMENT}")
  if(DEFINED GATE_TIMEOUT)
    set_tests_properties("${GATE_NAME}" PROPERTIES TIMEOUT "${GATE_TIMEOUT}")
  endif()
endfunction()

# What can be wrong with a call. Reads the variables of memprof_add_gate.
function(_memprof_check_gate target)
  if(NOT TARGET "${target}")
    message(FATAL_ERROR "memprof_add_gate(${target}): there is no such target; call it after add_executable()")
  endif()
  get_target_property(type "${target}" TYPE)
  if(NOT type STREQUAL "EXECUTABLE")
    message(FATAL_ERROR "memprof_add_gate(${target}): this target is no executable but a ${type}")
  endif()
  if(GATE_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "memprof_add_gate(${target}): '${GATE_UNPARSED_ARGUMENTS}' has no meaning here; "
                        "arguments of the program go after ARGS, options of memprof check after RULES")
  endif()
  if(GATE_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "memprof_add_gate(${target}): nothing stands after ${GATE_KEYWORDS_MISSING_VALUES}")
  endif()
  foreach(format IN LISTS GATE_FORMATS)
    if(NOT format MATCHES "^[a-z]+=.+$")
      message(FATAL_ERROR "memprof_add_gate(${target}): '${format}' is not FORMAT=FILE, as in junit=gate.xml")
    endif()
  endforeach()
endfunction()

# The nearest memprof.toml from the current source directory up to the top of the project; empty: there is none.
function(_memprof_find_gate_config result)
  set(directory "${CMAKE_CURRENT_SOURCE_DIR}")
  while(TRUE)
    if(EXISTS "${directory}/memprof.toml")
      set(${result} "${directory}/memprof.toml" PARENT_SCOPE)
      return()
    endif()
    cmake_path(IS_PREFIX CMAKE_SOURCE_DIR "${directory}" inside)
    if(directory STREQUAL CMAKE_SOURCE_DIR OR NOT inside)
      unset(${result} PARENT_SCOPE)
      return()
    endif()
    cmake_path(GET directory PARENT_PATH directory)
  endwhile()
endfunction()
