// Text for the page: label values escaped, and made valid UTF-8.
#pragma once

#include "messages/backend.hpp"

#include <string>
#include <string_view>

namespace pgstatsmon {

/// Appends a label value: backslash, quote and newline escaped, every byte that is not UTF-8
/// replaced by U+FFFD. Plain ASCII is copied as it is.
void append_label_value(std::string& to, std::string_view value);

/// Appends `name="value"` with the value escaped; a comma first unless `to` is empty.
void append_label(std::string& to, std::string_view name, std::string_view value);

/// Appends a HELP text: backslash and newline escaped.
void append_help(std::string& to, std::string_view text);

/// `a="1",b="2"`, escaped; empty for no labels.
std::string render_labels(const label_list& labels);

/// The labels of a text that render_labels() or a section made.
label_list parse_labels(std::string_view rendered);

} // namespace pgstatsmon
