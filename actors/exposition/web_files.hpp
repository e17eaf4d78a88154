// The files of the page for browsers, as they are compiled in.
#pragma once

#include "actors/exposition/http_server.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// A file of actors/exposition/web.
struct web_file {
  std::string name; ///< Without a folder.
  std::string hash; ///< SHA-256 of the content, hexadecimal.
  std::string content;
};

/// All of them, in the order of their names.
std::vector<web_file> built_in_web_files();

/// The content of one; empty when there is none.
std::string_view built_in_web_file(std::string_view name);

/// The media type that a file's name stands for.
std::string_view media_type_of(std::string_view name) noexcept;

/// What a document of ours may do in a browser: load scripts, styles and images from here, ask
/// here, and nothing else. For the document and for each of its files.
header_list page_headers();

/// Whether a client has this version already.
/// @param if_none_match The header's text: entity tags, weak ones too, or `*`.
/// @param tag Strong or weak.
bool has_already(std::string_view if_none_match, std::string_view tag) noexcept;

/// Adds `/web/FILE` for each file, with its type and an entity tag; 304 for who has it already.
void add_web_files(http_server& to);

} // namespace pgstatsmon
