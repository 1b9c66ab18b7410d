#include "common/evidence/message.h"

#include <functional>
#include <string>
#include <vector>

#include "common/crypto/dsse.h"
#include "common/evidence/content_types.h"
#include "common/evidence/test_bus.h"
#include "common/limits/limits.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::evidence {
namespace {

using bus::v1::Header;

Header Note() { return TestHeader("/agency/ins", "/agency/doj", 1, "payload"); }

Header Case() {
  Header header = Note();
  header.set_type(std::string(kTestCaseType));
  header.set_datacontenttype(std::string(kEncryptedMediaType));
  auto* referral = header.mutable_referral();
  referral->set_referral_id(std::string(16, 'r'));
  referral->set_transition(types::v1::TRANSITION_REQUEST);
  referral->set_scope_version(1);
  return header;
}

struct Rule {
  const char* reason;
  std::function<void(Header&)> break_it;
};

void ExpectRefused(const Header& good, MessageForm form, const std::vector<Rule>& rules) {
  ASSERT_EQ(CheckHeader(good, form), absl::OkStatus());
  for (size_t i = 0; i < rules.size(); ++i) {
    Header bad = good;
    rules[i].break_it(bad);
    absl::Status status = CheckHeader(bad, form);
    EXPECT_EQ(ReasonOf(status), rules[i].reason) << "rule " << i << ": " << status;
    EXPECT_TRUE(absl::IsInvalidArgument(status));
  }
}

TEST(MessageTest, RefusesANoteThatBreaksOneRule) {
  ExpectRefused(
      Note(), MessageForm::kOpen,
      {
          {"ID_INVALID", [](Header& h) { h.clear_id(); }},
          {"ID_INVALID", [](Header& h) { h.set_id("019A0000-0000-7000-8000-000000000001"); }},
          {"ID_INVALID", [](Header& h) { h.set_id("019a0000-0000-4000-8000-000000000001"); }},
          {"ID_INVALID", [](Header& h) { h.set_in_reply_to("x"); }},
          {"HEADER_MALFORMED", [](Header& h) { h.clear_source(); }},
          {"HEADER_MALFORMED", [](Header& h) { h.set_source("https://waystation.example/a"); }},
          {"HEADER_MALFORMED", [](Header& h) { h.set_source("spiffe://a/b\nc"); }},
          {"HEADER_MALFORMED",
           [](Header& h) { h.set_source("spiffe://a/" + std::string(256, 'a')); }},
          {"HEADER_MALFORMED", [](Header& h) { h.clear_type(); }},
          {"HEADER_LIMIT", [](Header& h) { h.set_type(std::string(129, 't')); }},
          {"HEADER_MALFORMED", [](Header& h) { h.clear_datacontenttype(); }},
          {"HEADER_LIMIT", [](Header& h) { h.set_datacontenttype(std::string(129, 't')); }},
          {"HEADER_LIMIT", [](Header& h) { h.set_subject(std::string(257, 's')); }},
          {"HEADER_LIMIT", [](Header& h) { h.set_ordering_key(std::string(129, 'k')); }},
          {"HEADER_LIMIT", [](Header& h) { h.set_traceparent(std::string(56, 't')); }},
          {"TIME_INVALID", [](Header& h) { h.clear_time(); }},
          {"TIME_INVALID", [](Header& h) { h.mutable_time()->set_nanos(-1); }},
          {"TIME_INVALID", [](Header& h) { h.mutable_time()->set_nanos(1'000'000'000); }},
          {"TIME_INVALID", [](Header& h) { h.mutable_time()->set_seconds(253402300800); }},
          {"TIME_INVALID", [](Header& h) { h.mutable_not_before()->set_seconds(-62135596801); }},
          {"TIME_INVALID", [](Header& h) { h.mutable_expire_time()->set_nanos(-1); }},
          {"TIME_INVALID",
           [](Header& h) {
             h.mutable_not_before()->set_seconds(5);
             h.mutable_expire_time()->set_seconds(5);
           }},
          {"RECIPIENTS_INVALID", [](Header& h) { h.clear_recipients(); }},
          {"RECIPIENTS_INVALID", [](Header& h) { h.add_recipients(h.recipients(0)); }},
          {"RECIPIENTS_INVALID", [](Header& h) { h.add_recipients(h.source()); }},
          {"RECIPIENTS_INVALID", [](Header& h) { h.add_recipients(""); }},
          {"RECIPIENTS_INVALID",
           [](Header& h) {
             for (int i = 0; i < 16; ++i) h.add_recipients("spiffe://a/" + std::to_string(i));
           }},
          {"HEADER_MALFORMED", [](Header& h) { h.clear_payload_sha256(); }},
          {"HEADER_MALFORMED", [](Header& h) { h.mutable_payload_sha256()->push_back('x'); }},
          {"PAYLOAD_LIMIT", [](Header& h) { h.set_payload_size(kPayloadBytesMax + 1); }},
          {"REFERRAL_ON_NON_CASE", [](Header& h) { h.mutable_referral(); }},
      });
}

TEST(MessageTest, RefusesACaseThatBreaksOneRule) {
  ExpectRefused(
      Case(), MessageForm::kCase,
      {
          {"REFERRAL_MISSING", [](Header& h) { h.clear_referral(); }},
          {"SUBJECT_ON_CASE", [](Header& h) { h.set_subject("s"); }},
          {"PAYLOAD_NOT_ENCRYPTED", [](Header& h) { h.set_datacontenttype("text/plain"); }},
          {"HEADER_MALFORMED",
           [](Header& h) { h.mutable_referral()->set_referral_id(std::string(15, 'r')); }},
          {"ILLEGAL_TRANSITION", [](Header& h) { h.mutable_referral()->clear_transition(); }},
          {"ILLEGAL_TRANSITION",
           [](Header& h) { h.mutable_referral()->set_transition(types::v1::TRANSITION_RECEIVED); }},
          {"ILLEGAL_TRANSITION",
           [](Header& h) { h.mutable_referral()->set_transition(types::v1::TRANSITION_EXPIRE); }},
          {"ILLEGAL_TRANSITION",
           [](Header& h) {
             h.mutable_referral()->set_transition(static_cast<types::v1::Transition>(99));
           }},
          {"HEADER_MALFORMED", [](Header& h) { h.mutable_referral()->set_expected_version(1); }},
          {"HEADER_MALFORMED",
           [](Header& h) { h.mutable_referral()->set_transition(types::v1::TRANSITION_TAKE_UP); }},
          {"SCOPE_VERSION", [](Header& h) { h.mutable_referral()->clear_scope_version(); }},
          {"TIME_INVALID",
           [](Header& h) { h.mutable_referral()->mutable_due_time()->set_nanos(-1); }},
          {"LINK_INVALID", [](Header& h) { h.mutable_referral()->set_parent_commitment("short"); }},
          {"LINK_INVALID",
           [](Header& h) { h.mutable_referral()->set_replaces_commitment(std::string(33, 'c')); }},
          {"LINK_INVALID",
           [](Header& h) {
             h.mutable_referral()->set_transition(types::v1::TRANSITION_TAKE_UP);
             h.mutable_referral()->set_expected_version(2);
             h.mutable_referral()->set_parent_commitment(std::string(32, 'c'));
           }},
      });
}

TEST(MessageTest, RefusesAMemoThatBreaksOneRule) {
  Header memo = Note();
  memo.clear_subject();
  memo.set_datacontenttype(std::string(kEncryptedMediaType));
  ExpectRefused(
      memo, MessageForm::kMemo,
      {
          {"REFERRAL_ON_NON_CASE", [](Header& h) { h.mutable_referral(); }},
          {"SUBJECT_ON_MEMO", [](Header& h) { h.set_subject("s"); }},
          {"PAYLOAD_NOT_ENCRYPTED", [](Header& h) { h.set_datacontenttype("text/plain"); }},
          {"RECIPIENTS_INVALID", [](Header& h) { h.clear_recipients(); }},
      });
}

TEST(MessageTest, TakesEveryFieldAtItsLimit) {
  Header header = Note();
  header.set_type(std::string(128, 't'));
  header.set_datacontenttype(std::string(128, 't'));
  header.set_subject(std::string(256, 's'));
  header.set_ordering_key(std::string(128, 'k'));
  header.set_traceparent(std::string(55, 't'));
  header.set_payload_size(kPayloadBytesMax);
  header.clear_recipients();
  for (int i = 0; i < 16; ++i) header.add_recipients("spiffe://a/" + std::to_string(i));
  EXPECT_EQ(CheckHeader(header, MessageForm::kOpen), absl::OkStatus());
}

TEST(MessageTest, ReadsWhatWasWritten) {
  Header header = Case();
  auto parsed = ParseHeader(header.SerializeAsString());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->SerializeAsString(), header.SerializeAsString());
}

TEST(MessageTest, RefusesHeaderBytesOutsideTheLimit) {
  EXPECT_EQ(ReasonOf(ParseHeader("").status()), "HEADER_LIMIT");
  EXPECT_EQ(ReasonOf(ParseHeader(std::string(8193, '\0')).status()), "HEADER_LIMIT");
}

TEST(MessageTest, RefusesHeadersThatReadersCouldReadDifferently) {
  const std::string good = Case().SerializeAsString();
  const std::string id = Case().id();
  const std::vector<std::string> tails = {
      std::string("\x0a\x24", 2) + id,             // id twice
      std::string("\x22\x02\x08\x05", 4),          // time twice
      std::string("\x42\x00", 2),                  // default written out
      std::string("\xa0\x06\x01", 3),              // unknown field 100
      std::string("\x7a\x04\xa0\x06\x01\x00", 6),  // broken referral
      std::string("\x7a\x03\xa0\x06\x01", 3 + 2),  // unknown in referral
      std::string("\x0a", 1),                      // cut
  };
  for (const auto& tail : tails) {
    EXPECT_EQ(ReasonOf(ParseHeader(good + tail).status()), "HEADER_MALFORMED") << Quoted(tail);
  }
  EXPECT_EQ(ReasonOf(ParseHeader(good.substr(0, good.size() - 1)).status()), "HEADER_MALFORMED");
  Header not_utf8 = Note();
  std::string bytes = not_utf8.SerializeAsString();
  bytes[2] = '\xff';
  EXPECT_EQ(ReasonOf(ParseHeader(bytes).status()), "HEADER_MALFORMED");
}

TEST(MessageTest, RefusesAPayloadThatIsNotTheOneNamed) {
  EXPECT_EQ(CheckPayload(Note(), "payload"), absl::OkStatus());
  EXPECT_EQ(ReasonOf(CheckPayload(Note(), "paYload")), "PAYLOAD_MISMATCH");
  EXPECT_EQ(ReasonOf(CheckPayload(Note(), "payload ")), "PAYLOAD_MISMATCH");
  EXPECT_EQ(ReasonOf(CheckPayload(Note(), "")), "PAYLOAD_MISMATCH");
  EXPECT_EQ(ReasonOf(CheckPayload(Note(), std::string(kPayloadBytesMax + 1, 'x'))),
            "PAYLOAD_LIMIT");
  Header wrong_size = Note();
  wrong_size.set_payload_size(8);
  EXPECT_EQ(ReasonOf(CheckPayload(wrong_size, "payload")), "PAYLOAD_MISMATCH");
}

TEST(MessageTest, ChecksLinkOpeningsAgainstTheirCommitments) {
  const std::string salt(16, 's');
  const std::string parent(16, 'p');
  Header header = Case();
  const crypto::Digest commitment = LinkCommitment(salt, parent);
  header.mutable_referral()->set_parent_commitment(commitment.data(), commitment.size());
  bus::v1::SignedMessage message;
  EXPECT_EQ(ReasonOf(CheckLinks(header, message)), "LINK_INVALID");
  message.mutable_parent()->set_salt(salt);
  message.mutable_parent()->set_referral_id(parent);
  EXPECT_EQ(CheckLinks(header, message), absl::OkStatus());
  // The commitment is over the joined bytes: a border moved between salt and id
  // must not pass.
  message.mutable_parent()->set_salt(salt + "p");
  message.mutable_parent()->set_referral_id(parent.substr(1));
  EXPECT_EQ(ReasonOf(CheckLinks(header, message)), "LINK_INVALID");
  message.mutable_parent()->set_salt(salt);
  message.mutable_parent()->set_referral_id(std::string(16, 'q'));
  EXPECT_EQ(ReasonOf(CheckLinks(header, message)), "LINK_INVALID");
  EXPECT_EQ(ReasonOf(CheckLinks(Case(), message)), "LINK_INVALID");
  EXPECT_EQ(CheckLinks(Case(), {}), absl::OkStatus());
}

TEST(MessageTest, EnvelopeHashCoversTypeAndBytes) {
  EXPECT_EQ(EnvelopeHash("h"),
            crypto::Sha256("DSSEv1 45 application/vnd.waystation.header.v1+protobuf 1 h"));
}

}  // namespace
}  // namespace waystation::evidence
