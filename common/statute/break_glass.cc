#include "common/statute/break_glass.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace waystation::statute {

absl::Status CheckGlassTime(absl::Duration asked) {
  if (asked >= kGlassLeast && asked <= kGlassMost) return absl::OkStatus();
  return Refuse(
      kGlassTime, "break-glass", "not for so long", absl::FormatDuration(asked),
      absl::StrCat(absl::FormatDuration(kGlassLeast), " to ", absl::FormatDuration(kGlassMost)));
}

}  // namespace waystation::statute
