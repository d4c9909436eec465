// Leaky: only the head of a list is freed.
#include <stdlib.h>

struct node {
  struct node* next;
  int value;
};

static struct node* prepend(struct node* list, int value) {
  struct node* node = malloc(sizeof *node);
  node->next = list;
  node->value = value;
  return node;
}

int main(void) {
  struct node* list = NULL;
  for (int i = 0; i < 8; ++i) list = prepend(list, i);
  free(list);
  return 0;
}
