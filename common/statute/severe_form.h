#ifndef WAYSTATION_COMMON_STATUTE_SEVERE_FORM_H_
#define WAYSTATION_COMMON_STATUTE_SEVERE_FORM_H_

#include <vector>

#include "absl/status/status.h"
#include "common/statute/citation.h"

// A severe form of trafficking in persons, TVPA 103(8): conduct, means and purpose. Place,
// nationality and immigration status play no part and have no field here; presence "on account of"
// trafficking belongs to T status. A finding serves the purpose it was made for and binds no other
// agency: these functions only say whether the elements that a unit states make up a severe form.
//
//   WS_RETURN_IF_ERROR(CheckSevereForm(elements));
//
// Pure functions. Thread-safe.

namespace waystation::statute {

enum class Act { kNotStated, kCommercialSex, kLaborOrServices };
enum class Conduct {
  kNotStated,
  kRecruitment,
  kHarboring,
  kTransportation,
  kProvision,
  kObtaining,
};
enum class Means { kNotStated, kForce, kFraud, kCoercion };
enum class Purpose { kNotStated, kInvoluntaryServitude, kPeonage, kDebtBondage, kSlavery };

struct SevereFormElements {
  Act act = Act::kNotStated;
  std::vector<Conduct> conduct;
  std::vector<Means> means;
  std::vector<Purpose> purposes;
  // A fact to be found, not a protective guess: an unknown age leaves it false.
  bool under_eighteen_at_act = false;
};

inline constexpr Rule kActNeeded{"C1.1",
                                 "SEVERE_FORM_ACT_MISSING",
                                 {"TVPA 103(8), 22 U.S.C. 7102(8)",
                                  "A severe form is sex trafficking in which a commercial sex act "
                                  "is induced, or trafficking for "
                                  "labor or services.",
                                  kActSource, kActEffective}};

inline constexpr Rule kConductNeeded{
    "C1.2",
    "SEVERE_FORM_CONDUCT_MISSING",
    {"TVPA 103(8)(B), 103(9), 22 U.S.C. 7102(8)(B), 7102(9)",
     "Both limbs need recruitment, harboring, transportation, provision or obtaining of a person.",
     kActSource, kActEffective}};

inline constexpr Rule kSexMeansOrMinority{"C1.3",
                                          "SEVERE_FORM_MEANS_MISSING",
                                          {"TVPA 103(8)(A), 22 U.S.C. 7102(8)(A)",
                                           "The commercial sex act is induced by force, fraud, or "
                                           "coercion, or the person induced has not "
                                           "attained 18 years of age.",
                                           kActSource, kActEffective}};

inline constexpr Rule kLaborMeans{
    "C1.4",
    "SEVERE_FORM_MEANS_MISSING",
    {"TVPA 103(8)(B), 22 U.S.C. 7102(8)(B)",
     "Trafficking for labor or services is through the use of force, fraud, or coercion, at any "
     "age.",
     kActSource, kActEffective}};

inline constexpr Rule kLaborPurpose{
    "C1.5",
    "SEVERE_FORM_PURPOSE_MISSING",
    {"TVPA 103(8)(B), 22 U.S.C. 7102(8)(B)",
     "The purpose is subjection to involuntary servitude, peonage, debt bondage, or slavery.",
     kActSource, kActEffective}};

// Returns every rule that `elements` break, in the order of the rules' ids; empty when they make up
// a severe form. Elements that are "not stated" count as absent.
std::vector<Broken> SevereFormGaps(const SevereFormElements& elements);

// Checks that `elements` make up a severe form.
// Errors: FAILED_PRECONDITION with the first broken rule's reason and citation.
absl::Status CheckSevereForm(const SevereFormElements& elements);

}  // namespace waystation::statute

#endif  // WAYSTATION_COMMON_STATUTE_SEVERE_FORM_H_
