# Writes the files of the page into a C++ source: triples of file name, SHA-256 and content.
# Call: cmake -DOUTPUT=FILE -DFILES="A;B" -P EmbedWeb.cmake
set(text "// Made from actors/exposition/web/ by EmbedWeb.cmake.\n#include \"actors/exposition/web_files.hpp\"\n\n")
string(APPEND text "namespace pgstatsmon {\n\nstd::vector<web_file> built_in_web_files() {\n  return {\n")
foreach(path IN LISTS FILES)
  get_filename_component(name "${path}" NAME)
  file(READ "${path}" content)
  file(SHA256 "${path}" hash)
  string(APPEND text "    {\"${name}\", \"${hash}\", R\"web(${content})web\"},\n")
endforeach()
string(APPEND text "  };\n}\n\n} // namespace pgstatsmon\n")
file(WRITE "${OUTPUT}" "${text}")
