"""What CPython is given: dictionaries, lists and strings made, sorted and dropped."""

import json
import random

random.seed(3)
words = [f"word{random.randrange(20000):05d}" for _ in range(150000)]

places = {}
for place, word in enumerate(words):
    places.setdefault(word, []).append(place)
ranking = sorted(((len(found), word) for word, found in places.items()), reverse=True)


class Account:
    def __init__(self, name, balance):
        self.name = name
        self.history = [balance]

    def book(self, amount):
        self.history.append(self.history[-1] + amount)


accounts = [Account(f"account {number}", random.random()) for number in range(30000)]
for account in accounts:
    for _ in range(5):
        account.book(random.random())

text = json.dumps([{"name": account.name, "history": account.history} for account in accounts])
total = sum(sum(row["history"]) for row in json.loads(text))
print(len(ranking), len(text), round(total))
