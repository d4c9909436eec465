#pragma once
// Approved outputs: tests/approved/ holds what a report is to say. scripts/approve accepts changes.

#include <string>

namespace memprof::test {

/// Fails the test when `text` is not what tests/approved/NAME says, and leaves it for scripts/approve to accept.
void check_approved(const std::string& name, const std::string& text);

}  // namespace memprof::test
