// Notices that a file changed, however editors and configuration management replace it.
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace pgstatsmon {

/// Watches a file's directory with inotify on a thread of its own, until destroyed.
///
/// Changes are reported when it has been quiet for a tenth of a second, or after one second of
/// unrest. Symbolic links that are swapped in the directory are noticed, changes at the far end
/// of a link are not. Where inotify can't be had nothing is reported.
class directory_watch {
public:
  /// @param changed Called on the watch's thread; must neither throw nor block.
  directory_watch(std::string path, std::function<void()> changed);

private:
  std::jthread thread_;
};

} // namespace pgstatsmon
