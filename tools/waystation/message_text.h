#ifndef WAYSTATION_TOOLS_WAYSTATION_MESSAGE_TEXT_H_
#define WAYSTATION_TOOLS_WAYSTATION_MESSAGE_TEXT_H_

#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/any.pb.h"
#include "google/protobuf/message.h"
#include "tools/waystation/output.h"
#include "waystation/types/v1/official.pb.h"

// Any message in words, field by field, without knowing its type: enum values
// as words, days as 2026-11-23, repeated values joined, flags as yes or no.
// Thread-safe functions.

namespace waystation::cli {

// A line for each field that says something, named "<prefix> <field>"; the
// fields of a message inside follow under its name. A flag is always shown.
std::vector<std::pair<std::string, Cell>> MessageFields(const google::protobuf::Message& message,
                                                        const std::string& prefix);

// The same of a packed body. One whose type this program does not know is named
// with its size.
std::vector<std::pair<std::string, Cell>> BodyFields(const google::protobuf::Any& body,
                                                     const std::string& prefix);

// On one line: "service: job search, outcome: enrolled".
std::string MessageWords(const google::protobuf::Message& message);

// "orr-3101, Trafficking Program Specialist, hhs/orr".
std::string ActingWords(const types::v1::ActingOfficial& official);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_MESSAGE_TEXT_H_
