// What libraries and common tools keep until the end on purpose. Found by running programs of Debian 12 under memprof;
// docs/suppressions.md is made from these names.
//
// Names are those of libc6-dbg where that is installed and those of the dynamic symbol table where it isn't, hence the
// leading "*". A library's own function is tied to the innermost frames (obj: right behind the allocator) wherever
// code of the user could run inside the call.

#include <array>
#include <string>

#include "report/suppression.hpp"

namespace memprof::report {
namespace {

constexpr std::string_view kLibraries = R"(
{
   the dynamic loader: libraries, thread-local storage, search paths
   Memcheck:Leak
   fun:*
   obj:*/ld-linux*.so*
}
{
   libc: buffers of streams (a stream that is not closed is still reported)
   Memcheck:Leak
   fun:malloc
   fun:_IO_*file_doallocate
}
{
   libc: locales
   Memcheck:Leak
   ...
   fun:*setlocale
}
{
   libc: locale data shared by all locales
   Memcheck:Leak
   ...
   fun:_nl_*
}
{
   libc: time zones
   Memcheck:Leak
   ...
   fun:*tzset*
}
{
   libc: time zones
   Memcheck:Leak
   ...
   fun:*localtime*
}
{
   libc: time zones
   Memcheck:Leak
   ...
   fun:*mktime
}
{
   libc: users, groups, hosts and services (name service switch)
   Memcheck:Leak
   ...
   fun:__nss_*
}
{
   libc: buffers of getpwuid, getpwnam, getpwent
   Memcheck:Leak
   ...
   fun:getpw*
}
{
   libc: buffers of getgrgid, getgrnam, getgrent
   Memcheck:Leak
   ...
   fun:getgr*
}
{
   libc: buffers of gethostbyname and its kin
   Memcheck:Leak
   ...
   fun:gethostby*
}
{
   libc: buffers of getservbyname and its kin
   Memcheck:Leak
   ...
   fun:getservby*
}
{
   libc: character set conversions
   Memcheck:Leak
   ...
   fun:__gconv_lookup_cache
}
{
   libc: character set conversions
   Memcheck:Leak
   ...
   fun:__gconv_find_*
}
{
   libc: conversions of wide streams
   Memcheck:Leak
   ...
   fun:__wcsmbs_*
}
{
   libc: translated messages
   Memcheck:Leak
   ...
   fun:*gettext
}
{
   libc: translated messages
   Memcheck:Leak
   ...
   fun:*textdomain*
}
{
   libc: texts of strerror and strsignal
   Memcheck:Leak
   ...
   fun:*strerror*
}
{
   libc: texts of strerror and strsignal
   Memcheck:Leak
   ...
   fun:*strsignal
}
{
   libc: the environment (setenv, putenv)
   Memcheck:Leak
   ...
   fun:*setenv
}
{
   libc: the environment (setenv, putenv)
   Memcheck:Leak
   ...
   fun:*putenv
}
{
   libc: the environment (setenv, putenv)
   Memcheck:Leak
   ...
   fun:__add_to_environ
}
{
   libc: the last error of dlopen, dlsym
   Memcheck:Leak
   ...
   fun:*dlerror
}
{
   libc: the last error of dlopen, dlsym
   Memcheck:Leak
   fun:*
   fun:_dlerror_run
}
{
   libc: the last error of dlopen, dlsym
   Memcheck:Leak
   fun:*
   obj:*/libc.so*
   fun:*dlsym
}
{
   libc: functions to call at exit
   Memcheck:Leak
   ...
   fun:*cxa_atexit
}
{
   libc: functions to call at exit
   Memcheck:Leak
   ...
   fun:*cxa_thread_atexit_impl
}
{
   libc: functions to call at exit
   Memcheck:Leak
   ...
   fun:__new_exitfn
}
{
   libc: functions to call at fork
   Memcheck:Leak
   ...
   fun:*register_atfork
}
{
   libc: specific data of the main thread
   Memcheck:Leak
   ...
   fun:*pthread_setspecific
}
{
   libc: the library that walks stacks (backtrace, pthread_exit)
   Memcheck:Leak
   ...
   fun:*libc_unwind_link_get
}
{
   libstdc++: emergency pool for exceptions
   Memcheck:Leak
   fun:malloc
   obj:*/libstdc++.so*
   obj:*/ld-linux*.so*
}
{
   libstdc++: emergency pool for exceptions
   Memcheck:Leak
   fun:malloc
   obj:*/libstdc++.so*
   obj:*/libstdc++.so*
   obj:*/ld-linux*.so*
}
{
   libstdc++: emergency pool for exceptions
   Memcheck:Leak
   fun:malloc
   ...
   fun:_GLOBAL__sub_I_eh_alloc*
}
{
   libstdc++: buffers of the standard streams after sync_with_stdio(false)
   Memcheck:Leak
   ...
   fun:std::ios_base::sync_with_stdio*
}
{
   libgcc: sorted tables of unwind information
   Memcheck:Leak
   fun:malloc
   obj:*/libgcc_s.so*
}
{
   ncurses and readline: terminal descriptions
   Memcheck:Leak
   fun:*
   obj:*/libtinfo.so*
}
{
   ncurses and readline: terminal descriptions
   Memcheck:Leak
   fun:*
   obj:*/libncurses*.so*
}
{
   ncurses and readline: history and key maps
   Memcheck:Leak
   fun:*
   obj:*/libreadline.so*
}
{
   GLib: types
   Memcheck:Leak
   ...
   fun:g_type_*
   ...
   obj:*/libgobject-2.0.so*
}
{
   GLib: quarks and interned strings
   Memcheck:Leak
   ...
   fun:g_quark_*
}
{
   GLib: quarks and interned strings
   Memcheck:Leak
   ...
   fun:g_intern_*
}
{
   GLib: character sets and languages
   Memcheck:Leak
   ...
   fun:g_get_*
   obj:*/libglib-2.0.so*
}
{
   GLib: what its constructor makes
   Memcheck:Leak
   ...
   obj:*/libglib-2.0.so*
   obj:*/ld-linux*.so*
}
{
   SASL: plug-ins, until the program says that it is done
   Memcheck:Leak
   fun:*
   obj:*/libsasl2.so*
}
{
   jq: the last input file, which it leaves open
   Memcheck:Leak
   fun:malloc
   ...
   fun:jq_util_input_next_input
}
)";

/// Programs that leave it to the kernel to free their memory, as they turn up in build and test scripts. Only blocks
/// that they ask for themselves, directly or through one function of the C library: not those of a plug-in.
constexpr std::array kTools = {"dash",
                               "bash",
                               "busybox",
                               "perl*",
                               "python3*",
                               "mawk",
                               "gawk",
                               "sed",
                               "grep",
                               "make",
                               "git",
                               "ls",
                               "cat",
                               "cp",
                               "mv",
                               "rm",
                               "mkdir",
                               "ln",
                               "install",
                               "sort",
                               "uniq",
                               "cut",
                               "tr",
                               "wc",
                               "head",
                               "tail",
                               "tee",
                               "touch",
                               "date",
                               "env",
                               "expr",
                               "test",
                               "printf",
                               "mktemp",
                               "readlink",
                               "realpath",
                               "dirname",
                               "basename",
                               "uname",
                               "id",
                               "stat",
                               "seq",
                               "sleep",
                               "timeout",
                               "find",
                               "xargs",
                               "diff",
                               "cmp",
                               "patch",
                               "tar",
                               "gzip",
                               "xz",
                               "zstd",
                               "which",
                               "getconf",
                               "pkgconf",
                               "cmake",
                               "ctest",
                               "ninja",
                               "x86_64-linux-gnu-*",
                               "aarch64-linux-gnu-*"};
constexpr std::array kToolDirectories = {
    "/usr/lib/gcc/*/cc1*",         "/usr/lib/gcc/*/collect2", "/usr/lib/gcc/*/lto*",     "/usr/libexec/gcc/*/cc1*",
    "/usr/libexec/gcc/*/collect2", "/usr/lib/git-core/*",     "/usr/lib/*/libbfd-*.so*", "/usr/lib/*/libopcodes-*.so*"};

std::string block(const std::string& name, const std::string& frames) {
  return "{\n   " + name + "\n   Memcheck:Leak\n   fun:*\n" + frames + "}\n";
}

std::string blocks_for_tool(const std::string& path) {
  const std::string name = "tool: " + path;
  const std::string tool = "   obj:" + path + "\n";
  return block(name, tool) + block(name, "   obj:*/libc.so*\n" + tool) +
         block(name, "   obj:*/libc.so*\n   obj:*/libc.so*\n" + tool);
}

std::string all_blocks() {
  std::string text(kLibraries);
  for (const char* tool : kTools) text += blocks_for_tool(std::string("/usr/bin/") + tool);
  for (const char* path : kToolDirectories) text += blocks_for_tool(path);
  return text;
}

}  // namespace

std::string_view built_in_suppressions() {
  static const std::string text = all_blocks();
  return text;
}

}  // namespace memprof::report
