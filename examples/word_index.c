// An index of the words of a text in plain C: strdup for each word, an array that grows by realloc.

#include <stdlib.h>
#include <string.h>

static const char kText[] =
    "the quick brown fox jumps over the lazy dog while the lazy dog dreams of the quick brown fox and of nothing else";

struct index {
  char** words;
  size_t count, capacity;
};

static void add_word(struct index* index, const char* word) {
  if (index->count == index->capacity) {
    index->capacity = index->capacity ? 2 * index->capacity : 4;
    index->words = realloc(index->words, index->capacity * sizeof *index->words);
  }
  index->words[index->count++] = strdup(word);
}

static void index_text(struct index* index, const char* text) {
  char* copy = strdup(text);
  char* rest = copy;
  for (char* word = strsep(&rest, " "); word; word = strsep(&rest, " ")) {
    add_word(index, word);
  }
  free(copy);
}

static void drop_short_words(struct index* index) {
  size_t kept = 0;
  for (size_t i = 0; i < index->count; ++i) {
    if (strlen(index->words[i]) > 3) {
      index->words[kept++] = index->words[i];
    } else {
      free(index->words[i]);
    }
  }
  index->count = kept;
}

int main(void) {
  struct index index = {0};
  for (int round = 0; round < 1000; ++round) {
    index_text(&index, kText);
  }
  drop_short_words(&index);
  return index.count == 0;
}
