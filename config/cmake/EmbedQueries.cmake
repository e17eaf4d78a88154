# Writes the query definitions into a C++ source: pairs of file name and content.
# Call: cmake -DOUTPUT=FILE -DFILES="A;B" -P EmbedQueries.cmake
set(text "// Made from config/queries/ by EmbedQueries.cmake.\n#include <string>\n#include <utility>\n#include <vector>\n\n")
string(APPEND text "namespace pgstatsmon {\n\nstd::vector<std::pair<std::string, std::string>> built_in_definitions();\n\n")
string(APPEND text "std::vector<std::pair<std::string, std::string>> built_in_definitions() {\n  return {\n")
foreach(path IN LISTS FILES)
  get_filename_component(name "${path}" NAME)
  file(READ "${path}" content)
  string(APPEND text "    {\"${name}\", R\"yaml(${content})yaml\"},\n")
endforeach()
string(APPEND text "  };\n}\n\n} // namespace pgstatsmon\n")
file(WRITE "${OUTPUT}" "${text}")
