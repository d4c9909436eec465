// Heap blocks of C. A comment "= T" says what the line allocates; the test of types goes by these comments.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct node {
  struct node* next;
  uint64_t key;
  char name[48];
};

typedef struct {
  double x, y;
} point;

struct table {
  struct node** buckets;
  size_t count;
};

static void* xmalloc(size_t size) {
  void* block = malloc(size);
  if (block == NULL) abort();
  return block;
}

static struct node* push(struct node* list) {
  struct node* added = xmalloc(sizeof *added);  // = node
  added->next = list;
  return added;
}

static void clear(struct node* list) {
  while (list != NULL) {
    struct node* next = list->next;
    free(list);
    list = next;
  }
}

int main(void) {
  struct node* list = NULL;
  for (int i = 0; i < 1500; ++i) list = push(list);
  clear(list);

  point* points = malloc(6000 * sizeof(point));  // = point
  points[0].x = 1;
  free(points);

  struct table table = {0};
  table.buckets = calloc(12000, sizeof(struct node*));  // = node*
  table.buckets[5] = NULL;
  free(table.buckets);

  point* more;
  more = malloc(6000 * sizeof *more);  // = point
  more[0].y = 1;
  free(more);

  int32_t* numbers = calloc(25000, sizeof(int32_t));  // = int
  numbers[3] = 4;
  free(numbers);

  char* text = malloc(95001);  // = char
  memset(text, 'x', 95001);
  int status = text[500] == 'y';
  free(text);
  return status;
}
