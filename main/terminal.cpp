// What the terminal's driver says.
#include "main/terminal.hpp"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>

namespace pgstatsmon {

std::string for_terminal(std::string line) {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    line += fmt::format(" --width {}", size.ws_col);
  return line;
}

} // namespace pgstatsmon
