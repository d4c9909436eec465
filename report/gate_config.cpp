#include "report/gate_config.hpp"

#include <array>
#include <cstdio>
#include <filesystem>

namespace memprof::report {
namespace {

namespace fs = std::filesystem;

/// A TOML basic string.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += std::string("\\") + c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04X", static_cast<unsigned char>(c));
      out += escape.data();
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string line(const std::string& key, const std::string& value, const std::string& origin = {}) {
  return key + " = " + value + (origin.empty() ? "" : "  # " + origin) + "\n";
}

std::string word(bool value) { return value ? "true" : "false"; }

std::string percent(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "\"%.10g%%\"", share * 100);
  return text.data();
}

}  // namespace

std::string find_gate_config(const std::string& directory) {
  std::error_code error;
  for (fs::path at = fs::absolute(directory, error); !at.empty(); at = at.parent_path()) {
    if (fs::exists(at / kConfigName, error)) return (at / kConfigName).string();
    if (fs::exists(at / ".git", error) || at == at.root_path()) break;
  }
  return {};
}

std::string format_gate_config(const GateConfig& config) {
  const GateRules& rules = config.rules;
  std::string text = "[check]\n";
  for (const LimitRule& rule : rules.limits) {
    if (!rule.pattern.empty()) continue;
    text += line(std::string("max-") + words_of(rule.kind).key, std::to_string(rule.limit), rule.origin);
  }
  if (rules.max_growth) text += line("max-growth", percent(*rules.max_growth), rules.max_growth_origin);
  if (rules.no_new_sites) text += line("no-new-sites", word(*rules.no_new_sites), rules.no_new_sites_origin);
  if (rules.no_tick_growth) text += line("no-tick-growth", word(*rules.no_tick_growth), rules.no_tick_growth_origin);
  if (!config.baseline.empty()) text += line("baseline", quoted(config.baseline));
  if (!config.suppressions.empty()) {
    std::string files;
    for (const std::string& file : config.suppressions) files += (files.empty() ? "" : ", ") + quoted(file);
    text += line("suppressions", "[" + files + "]");
  }
  text += line("default-suppressions", word(config.default_suppressions));
  text += line("allow-incomplete", word(rules.allow_incomplete));
  text += line("ignore-exit-status", word(rules.ignore_exit_status));
  text += line("warmup", std::to_string(rules.warmup));
  text += line("repeat", std::to_string(config.repeat));
  for (const LimitRule& rule : rules.limits) {
    if (rule.pattern.empty()) continue;
    text += "\n[[budget]]\n" + line("match", quoted(rule.pattern));
    text += line(words_of(rule.kind).key, std::to_string(rule.limit), rule.origin);
    if (rule.optional) text += line("optional", "true");
  }
  return text;
}

}  // namespace memprof::report
