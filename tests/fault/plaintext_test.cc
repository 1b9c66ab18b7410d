#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/client/sealed.h"
#include "common/config/file.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "tests/harness/drafts.h"
#include "tests/harness/operations.h"
#include "tests/harness/puller.h"
#include "tests/harness/test_bus.h"

// Plants recognisable text in case payloads, and in clear where it is refused, and
// looks for it wherever the broker keeps anything: journal, projection, log, memory.

namespace waystation::harness {
namespace {

constexpr int kCases = 40;
constexpr std::string_view kPlanted = "PLANTED-9b1f-potential-victim-4471";

// The text so often that one is whole somewhere: the journal cuts what it stores into
// sectors of 508 bytes. A subject's 256 bytes hold as many.
std::string Repeated(std::string_view text) {
  constexpr size_t kSubjectBytes = 256;
  std::string repeated;
  while (repeated.size() + text.size() <= kSubjectBytes) repeated.append(text);
  return repeated;
}

bool Holds(std::string_view bytes, std::string_view text) {
  return std::search(bytes.begin(), bytes.end(), text.begin(), text.end()) != bytes.end();
}

std::string Bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

struct Found {
  int files = 0;
  uint64_t bytes = 0;
  std::vector<std::string> places;
};

// Files below a folder that hold the text.
Found SearchFolder(const std::string& folder, std::string_view text) {
  Found found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::string bytes = Bytes(entry.path());
    ++found.files;
    found.bytes += bytes.size();
    if (Holds(bytes, text)) found.places.push_back(entry.path());
  }
  return found;
}

// Readable and writable mappings of a process that hold the text.
Found SearchMemory(pid_t pid, std::string_view text) {
  Found found;
  std::ifstream maps(absl::StrCat("/proc/", pid, "/maps"));
  int memory = open(absl::StrCat("/proc/", pid, "/mem").c_str(), O_RDONLY);
  WS_CHECK(memory >= 0);
  std::string line;
  while (std::getline(maps, line)) {
    unsigned long begin = 0;
    unsigned long end = 0;
    char rights[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights) != 3) continue;
    if (rights[0] != 'r' || rights[1] != 'w') continue;
    std::string bytes(end - begin, '\0');
    ssize_t got = pread(memory, bytes.data(), bytes.size(), static_cast<off_t>(begin));
    if (got <= 0) continue;
    bytes.resize(static_cast<size_t>(got));
    ++found.files;
    found.bytes += bytes.size();
    if (Holds(bytes, text)) found.places.push_back(line);
  }
  close(memory);
  return found;
}

class PlaintextTest : public testing::Test {
 protected:
  PlaintextTest() : doj_(bus_, kDoj), ins_(bus_, kIns) {
    bus_.Start();
    operator_channel_ = bus_.Channel(kOperator);
    auto channel = bus_.Channel(kDoj);
    for (int i = 0; i < kCases; ++i) {
      std::string text = absl::StrCat(Absl(kPlanted), "-", i, std::string(200, '.'));
      auto header = doj_.Case(kIns, NewReferralId(), types::v1::TRANSITION_REQUEST, 0);
      ids_.push_back(header.id());
      Require(Publish(channel, doj_.Sign(header, doj_.Seal(text, kIns))).status(), "publish");
    }
    // One report is in clear on purpose: what finds it would find the others.
    Require(Publish(channel, doj_.Sign(doj_.Report(kIns), Repeated(kControl))).status(), "control");
  }

  // How often the operator sees a refusal for this reason.
  uint32_t RefusalsFor(std::string_view reason) {
    uint32_t count = 0;
    for (const auto& entry : Must(ListRefusals(operator_channel_), "refusals")) {
      if (entry.refused().reason() == reason) count += entry.refused().count();
    }
    return count;
  }

  void ExpectRefused(const bus::v1::SignedMessage& message, const std::string& reason) {
    const absl::Status refused = Publish(bus_.Channel(kDoj), message).status();
    EXPECT_EQ(ReasonOf(refused), reason) << refused;
    EXPECT_FALSE(Holds(Std(refused.message()), kPlanted)) << refused;
    EXPECT_TRUE(Eventually([&] { return RefusalsFor(reason) > 0; })) << reason;
  }

  // Gives a message back with words about it where a code is wanted.
  void NackWithWords() {
    Puller puller(bus_.Channel(kIns), ins_);
    const std::optional<bus::v1::Delivery> got = puller.Next();
    ASSERT_TRUE(got.has_value());
    puller.Nack(*got, std::nullopt, Repeated(kPlanted));
    const std::optional<grpc::Status> ended = puller.Ended();
    ASSERT_TRUE(ended.has_value());
    EXPECT_FALSE(Holds(ended->error_message(), kPlanted)) << ended->error_message();
    EXPECT_TRUE(Eventually([&] { return RefusalsFor("FRAME_LIMIT") > 0; }));
  }

  static constexpr std::string_view kControl = "CONTROL-report-in-clear-7730";

  TestBus bus_;
  Drafts doj_;
  Drafts ins_;
  std::shared_ptr<grpc::Channel> operator_channel_;
  std::vector<std::string> ids_;
};

TEST_F(PlaintextTest, TheBrokerHoldsNoTextOfACase) {
  Puller puller(bus_.Channel(kIns), ins_);
  std::vector<bus::v1::Delivery> got = puller.NextMany(kCases + 1);
  ASSERT_EQ(got.size(), static_cast<size_t>(kCases + 1));
  // In memory while the messages are in hand.
  Found control = SearchMemory(bus_.broker_pid(), kControl);
  EXPECT_FALSE(control.places.empty()) << "the search does not find what is there";
  Found memory = SearchMemory(bus_.broker_pid(), kPlanted);
  EXPECT_EQ(memory.places, std::vector<std::string>());
  EXPECT_GT(memory.bytes, uint64_t{1} << 20);
  puller.Ack(got);
  for (size_t i = 0; i < got.size(); ++i) ASSERT_TRUE(puller.NextResult().has_value());
  EXPECT_EQ(SearchMemory(bus_.broker_pid(), kPlanted).places, std::vector<std::string>());
  std::cout << memory.files << " mappings, " << memory.bytes << " bytes of memory" << std::endl;
  // The receiver can read what the broker cannot.
  auto key = Must(crypto::DecryptionKey::FromPem(
                      Bytes(bus_.layout().KeyPath(kIns, crypto::KeyUse::kEncrypt)),
                      Bytes(bus_.layout().CertificatePath(kIns, crypto::KeyUse::kEncrypt))),
                  "key");
  std::vector<crypto::DecryptionKey> keys = {key};
  EXPECT_TRUE(Holds(Must(client::OpenPayload(got[0].message().payload(), keys), "open"), kPlanted));
}

TEST_F(PlaintextTest, ItsDiskAndLogHoldNone) {
  // A duplicate, a refusal and an unreadable pull, so that logs have something to say.
  auto header = doj_.Case(kIns, NewReferralId(), types::v1::TRANSITION_TAKE_UP, 3);
  EXPECT_FALSE(Publish(bus_.Channel(kDoj), doj_.Sign(header, doj_.Seal(kPlanted, kIns))).ok());
  // What comes in clear is refused, and the refusal does not keep it either.
  auto unsealed = doj_.Case(kIns, NewReferralId(), types::v1::TRANSITION_REQUEST, 0);
  ExpectRefused(doj_.Sign(unsealed, Repeated(kPlanted)), "PAYLOAD_NOT_ENCRYPTED");
  auto subject = doj_.Case(kIns, NewReferralId(), types::v1::TRANSITION_REQUEST, 0);
  subject.set_subject(Repeated(kPlanted));
  ExpectRefused(doj_.Sign(subject, doj_.Seal("x", kIns)), "SUBJECT_ON_CASE");
  ASSERT_NO_FATAL_FAILURE(NackWithWords());
  bus_.Stop();
  const std::string broker = bus_.dir() + "/broker";
  EXPECT_FALSE(SearchFolder(broker + "/journal", kControl).places.empty());
  // Ids stand in the projection's index as 16 bytes, in the record as text; most of them
  // whole.
  EXPECT_TRUE(std::any_of(ids_.begin(), ids_.end(), [&](const std::string& id) {
    return !SearchFolder(broker + "/journal", id).places.empty();
  }));
  Found disk = SearchFolder(broker, kPlanted);
  EXPECT_EQ(disk.places, std::vector<std::string>());
  Found log = SearchFolder(bus_.dir() + "/log", kPlanted);
  EXPECT_EQ(log.places, std::vector<std::string>());
  EXPECT_EQ(SearchFolder(bus_.dir() + "/log", kControl).places, std::vector<std::string>());
  EXPECT_GE(disk.files, 3);
  std::cout << disk.files << " files, " << disk.bytes << " bytes on disk" << std::endl;
}

}  // namespace
}  // namespace waystation::harness
