#pragma once
// How frames are called in reports. Never by address in memory, so that two runs and two machines agree.

#include <string>

#include "profile/profile.hpp"

namespace memprof::report {

/// "cubes(long)"; with only a nearby symbol "near g_malloc"; with none "libfoo.so+0x1a2b" or "??".
std::string function_name(const Profile& profile, const Frame& frame);

/// "/home/me/app.cpp:42"; without source the name of the function and its module: "g_malloc (libglib-2.0.so.0)".
std::string line_name(const Profile& profile, const Frame& frame);

/// Path of the source file; without one the path of the module.
std::string file_name(const Profile& profile, const Frame& frame);

/// Path of the module, "??" without.
std::string module_name(const Profile& profile, const Frame& frame);

/// The part of a path after the last slash.
std::string base_name(const std::string& path);

}  // namespace memprof::report
