#include "common/statute/severe_form.h"

#include <algorithm>

namespace waystation::statute {
namespace {

constexpr std::string_view kThing = "severe form";

// Every element enum has kNotStated, which states nothing.
template <typename Element>
bool Stated(const std::vector<Element>& elements) {
  return std::any_of(elements.begin(), elements.end(),
                     [](Element element) { return element != Element::kNotStated; });
}

Broken Gap(const Rule& rule, std::string_view problem, std::string_view want) {
  return {&rule, Refuse(rule, kThing, problem, "none", want)};
}

void AddSexGaps(const SevereFormElements& elements, std::vector<Broken>& gaps) {
  if (Stated(elements.means) || elements.under_eighteen_at_act) return;
  gaps.push_back(Gap(kSexMeansOrMinority, "no means stated for an adult's commercial sex act",
                     "force, fraud or coercion, or a person under 18"));
}

void AddLaborGaps(const SevereFormElements& elements, std::vector<Broken>& gaps) {
  if (!Stated(elements.means)) {
    gaps.push_back(Gap(kLaborMeans, "no means stated for labor or services",
                       "force, fraud or coercion, at any age"));
  }
  if (!Stated(elements.purposes)) {
    gaps.push_back(Gap(kLaborPurpose, "no purpose stated for labor or services",
                       "involuntary servitude, peonage, debt bondage or slavery"));
  }
}

}  // namespace

std::vector<Broken> SevereFormGaps(const SevereFormElements& elements) {
  std::vector<Broken> gaps;
  if (elements.act == Act::kNotStated) {
    gaps.push_back(Gap(kActNeeded, "no act stated", "a commercial sex act, or labor or services"));
  }
  if (!Stated(elements.conduct)) {
    gaps.push_back(
        Gap(kConductNeeded, "no conduct stated",
            "recruitment, harboring, transportation, provision or obtaining of a person"));
  }
  if (elements.act == Act::kCommercialSex) AddSexGaps(elements, gaps);
  if (elements.act == Act::kLaborOrServices) AddLaborGaps(elements, gaps);
  return gaps;
}

absl::Status CheckSevereForm(const SevereFormElements& elements) {
  const std::vector<Broken> gaps = SevereFormGaps(elements);
  return gaps.empty() ? absl::OkStatus() : gaps.front().status;
}

}  // namespace waystation::statute
