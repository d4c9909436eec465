// Clean: what the C library keeps for next time: locales, time zones, users, messages, symbols that were looked up.
#include <dlfcn.h>
#include <iconv.h>
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

int main(void) {
  setlocale(LC_ALL, "C.UTF-8");
  setenv("TZ", "Europe/Berlin", 1);
  tzset();
  const time_t now = 1000000000;
  char text[64];
  strftime(text, sizeof text, "%c %Z", localtime(&now));
  const int user = getpwuid(getuid()) != NULL || getuid() != 0;
  const int message = strlen(strerror(12345)) > 0;
  setenv("MEMPROF_TEST_OF_SETENV", text, 1);
  const int symbol = dlsym(RTLD_DEFAULT, "no_such_symbol") == NULL && dlerror() != NULL;
  iconv_t converter = iconv_open("UTF-16", "UTF-8");
  const int converts = converter != (iconv_t)-1 && iconv_close(converter) == 0;
  const int wide = printf("%ls\n", L"wide") > 0;
  return user && message && symbol && converts && wide ? 0 : 1;
}
