// Heap blocks of many types. A comment "= T" says what the line allocates, as a programmer would call it; of several
// types "= T | U". The test of types goes by these comments. About 100 KiB a line, so that no line outweighs others.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <forward_list>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace shop {

struct Point {
  double x, y, z;
};

struct Item {
  explicit Item(std::uint64_t number) : number_(number) {}
  std::uint64_t number_;
  std::array<char, 56> label{};
};

class Shape {
 public:
  virtual ~Shape() = default;
  virtual double area() const = 0;
};

class Circle final : public Shape {
 public:
  explicit Circle(double radius) : radius_(radius) {}
  double area() const override { return 3 * radius_ * radius_; }

 private:
  double radius_;
  double unused_[5] = {};
};

class Square final : public Shape {
 public:
  explicit Square(double side) : side_(side) {}
  double area() const override { return side_ * side_; }

 private:
  double side_;
  double unused_[11] = {};
};

template <typename Value>
class Chain {
 public:
  void push(const Value& value) {
    head_ = new Link{value, head_};  // = shop::Chain<int>::Link
  }
  ~Chain() {
    while (head_ != nullptr) delete std::exchange(head_, head_->next);
  }

 private:
  struct Link {
    Value value;
    Link* next;
  };
  Link* head_ = nullptr;
};

struct Tree {
  Tree* left = nullptr;
  Tree* right = nullptr;
  std::uint64_t key = 0;
};

Tree* grow(int depth) {
  if (depth == 0) return nullptr;
  auto* tree = new Tree;  // = shop::Tree
  tree->left = grow(depth - 1);
  tree->right = grow(depth - 1);
  return tree;
}

void fell(Tree* tree) {
  if (tree == nullptr) return;
  fell(tree->left);
  fell(tree->right);
  delete tree;
}

template <typename T>
struct CountingAllocator {
  using value_type = T;
  CountingAllocator() = default;
  template <typename U>
  CountingAllocator(const CountingAllocator<U>&) {}
  T* allocate(std::size_t count) {
    return static_cast<T*>(std::malloc(count * sizeof(T)));  // = std::vector<long, shop::CountingAllocator<long>>
  }
  void deallocate(T* block, std::size_t) { std::free(block); }
  bool operator==(const CountingAllocator&) const { return true; }
};

}  // namespace shop

using namespace shop;

template <typename T>
void keep(T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

void sequences() {
  std::vector<int> numbers;
  for (int i = 0; i < 20000; ++i) numbers.push_back(i);  // = std::vector<int>
  keep(numbers);
  std::vector<Point> points(4000);  // = std::vector<shop::Point>
  keep(points);
  std::vector<std::string> words(2000, std::string(40, 'w'));  // = std::vector<std::string> | std::string
  keep(words);
  std::vector<std::vector<double>> rows(100);  // = std::vector<std::vector<double>>
  for (auto& row : rows) row.resize(100);      // = std::vector<double>
  keep(rows);
  std::deque<Point> line;
  for (int i = 0; i < 4000; ++i) line.push_back({1, 2, 3});  // = std::deque<shop::Point>
  keep(line);
  std::list<Item> chain;
  for (int i = 0; i < 1000; ++i) chain.emplace_back(i);  // = std::list<shop::Item>
  keep(chain);
  std::forward_list<long> forward;
  for (int i = 0; i < 5000; ++i) forward.push_front(i);  // = std::forward_list<long>
  keep(forward);
  std::vector<bool> bits(800000);  // = std::vector<bool>
  keep(bits);
  std::vector<long, CountingAllocator<long>> counted(12000);
  keep(counted);
  std::priority_queue<double> queue;
  for (int i = 0; i < 10000; ++i) queue.push(i);  // = std::vector<double>
  keep(queue);
}

void associative() {
  std::map<std::string, int> by_name;
  for (int i = 0; i < 1200; ++i) by_name[std::to_string(i)] = i;  // = std::map<std::string, int>
  keep(by_name);
  std::map<int, Point> by_number;
  for (int i = 0; i < 1500; ++i) by_number.emplace(i, Point{});  // = std::map<int, shop::Point>
  keep(by_number);
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 2500; ++i) numbers.insert(i);  // = std::set<unsigned long>
  keep(numbers);
  std::unordered_map<int, Item> items;
  for (int i = 0; i < 1000; ++i) items.emplace(i, Item(i));  // = std::unordered_map<int, shop::Item>
  keep(items);
  std::unordered_set<std::string> names;
  for (int i = 0; i < 1500; ++i)
    names.insert(std::string(30, 'n') + std::to_string(i));  // = std::unordered_set<std::string> | std::string
  keep(names);
  std::multimap<int, char> many;
  for (int i = 0; i < 2000; ++i) many.insert({i % 7, 'x'});  // = std::multimap<int, char>
  keep(many);
}

void owned() {
  std::vector<std::unique_ptr<Shape>> shapes;
  shapes.reserve(4000);  // = std::vector<std::unique_ptr<shop::Shape>>
  for (int i = 0; i < 1000; ++i) shapes.push_back(std::make_unique<Circle>(i));  // = shop::Circle
  for (int i = 0; i < 1000; ++i) shapes.emplace_back(new Square(i));             // = shop::Square
  keep(shapes);
  std::vector<std::shared_ptr<Item>> shared;
  shared.reserve(2000);  // = std::vector<std::shared_ptr<shop::Item>>
  for (int i = 0; i < 1000; ++i) shared.push_back(std::make_shared<Item>(i));  // = shop::Item
  for (int i = 0; i < 1000; ++i)
    shared.push_back(std::shared_ptr<Item>(new Item(i)));  // = shop::Item | std::shared_ptr<shop::Item>
  keep(shared);
  auto buffer = std::make_unique<double[]>(12000);  // = double
  keep(buffer);
  std::function<int()> late = [big = std::array<char, 90000>{}] { return big[5]; };  // = std::function<int ()>
  keep(late);
}

void plain_new() {
  Point* points[2000];
  for (Point*& point : points) point = new Point{1, 2, 3};  // = shop::Point
  keep(points);
  for (Point* point : points) delete point;
  int* numbers = new int[25000];  // = int
  keep(numbers);
  delete[] numbers;
  auto* words = new std::string[3000];  // = std::string
  keep(words);
  delete[] words;
  auto* map = new std::map<int, int>;            // = std::map<int, int>
  for (int i = 0; i < 2000; ++i) (*map)[i] = i;  // = std::map<int, int>
  keep(map);
  delete map;
  Item* item = new Item(5);  // = shop::Item
  keep(item);
  delete item;
  Chain<int> chain;
  for (int i = 0; i < 5000; ++i) chain.push(i);
  keep(chain);
  Tree* tree = grow(11);
  keep(tree);
  fell(tree);
}

void c_style() {
  auto* points = static_cast<Point*>(std::malloc(4000 * sizeof(Point)));  // = shop::Point
  keep(points);
  std::free(points);
  double* table = static_cast<double*>(std::calloc(12000, sizeof(double)));  // = double
  keep(table);
  std::free(table);
  char* text = static_cast<char*>(std::malloc(90001));  // = char
  keep(text);
  std::free(text);
}

void text() {
  std::string all;
  for (int i = 0; i < 90000; ++i) all += 'x';  // = std::string
  keep(all);
  std::ostringstream stream;
  for (int i = 0; i < 9000; ++i) stream << "1234567";  // = std::string | std::stringbuf
  keep(stream);
  const std::string copied = stream.str();  // = std::string
  keep(copied);
}

int main() {
  sequences();
  associative();
  owned();
  plain_new();
  c_style();
  text();
}
