#pragma once
// The one place that knows which Catch2 we have: Debian 12 ships version 2.
#include <catch2/catch.hpp>
