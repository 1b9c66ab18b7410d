#ifndef WAYSTATION_TOOLS_WAYSTATION_SCENES_TELLER_H_
#define WAYSTATION_TOOLS_WAYSTATION_SCENES_TELLER_H_

#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/timestamp.pb.h"
#include "tools/waystation/output.h"
#include "waystation/types/v1/inbox.pb.h"

namespace waystation::cli {

// Tells a scene: a title, a line for each step with who took it, and at the end
// where the person stands. Remembers every referral that was told of, so that
// the evidence of each is verified in the end.
//
//   teller.Title("1. An adult in domestic servitude");
//   teller.Step("DOL line-4101", "records a call");
//   teller.Remember("complaint", referral_id);
//   teller.End(person, "answered", item);
//
// Lines are at most 100 columns wide and flushed one by one, and titles are
// marked SYNTHETIC; with -o json each line is an object {part, who, step,
// synthetic}.
//
// Single-threaded: the command.
class Teller {
 public:
  struct Told {
    std::string name;
    std::string referral_id;
  };

  // Borrowed; it must outlive this.
  explicit Teller(Output& out) : out_(out) {}

  void Title(const std::string& title);
  void Step(std::string_view who, std::string_view text, Tone tone = Tone::kPlain);

  // Who holds the person's next move, what it is, and since when: how every
  // scene ends. An empty holder is nobody.
  void End(const std::string& person, std::string_view where, std::string_view holder,
           std::string_view what, const google::protobuf::Timestamp& since);
  // The same from an item of an inbox.
  void End(const std::string& person, const types::v1::InboxItem& item);

  void Remember(const std::string& name, const std::string& referral_id);
  const std::vector<Told>& told() const { return told_; }

 private:
  void Columns(std::string_view who, std::string_view text, Tone tone);

  Output& out_;
  std::string title_;
  std::vector<Told> told_;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_SCENES_TELLER_H_
