#include "common/rpc/status_grpc.h"

#include <string>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace waystation::rpc {
namespace {

using testing::HasSubstr;
using testing::Not;

absl::Status Sample() {
  return WithErrorMetadata(Refusal(absl::StatusCode::kAborted, "STALE_VERSION", "referral: stale"),
                           "present_version", "7");
}

TEST(StatusGrpcTest, CarriesCodeTextReasonAndMetadataBothWays) {
  for (const absl::Status& status :
       {FromGrpcStatus(ToGrpcStatus(Sample())), FromRpcStatus(ToRpcStatus(Sample()))}) {
    EXPECT_TRUE(absl::IsAborted(status));
    EXPECT_EQ(status.message(), "referral: stale");
    EXPECT_EQ(ReasonOf(status), "STALE_VERSION");
    EXPECT_EQ(ErrorMetadataOf(status).at("present_version"), "7");
  }
}

TEST(StatusGrpcTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_EQ(ToRpcStatus(absl::OkStatus()).ByteSizeLong(), 0u);
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
  EXPECT_TRUE(FromRpcStatus({}).ok());
}

TEST(StatusGrpcTest, EveryErrorHasAnErrorInfoOfOurDomain) {
  const auto wire = ToRpcStatus(absl::NotFoundError("nothing"));
  ASSERT_EQ(wire.details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(wire.details(0).UnpackTo(&info));
  EXPECT_EQ(info.domain(), "waystation");
  EXPECT_EQ(info.reason(), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(FromRpcStatus(wire)), "");
}

TEST(StatusGrpcTest, InternalTextStaysInTheProcess) {
  testing::internal::CaptureStderr();
  const grpc::Status out = ToGrpcStatus(absl::InternalError("/var/lib/secret: errno 5"));
  const std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_EQ(out.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(out.error_message() + out.error_details(), Not(HasSubstr("secret")));
  const auto metadata = ErrorMetadataOf(FromGrpcStatus(out));
  ASSERT_EQ(metadata.count("request_id"), 1u);
  EXPECT_THAT(logged, HasSubstr("secret"));
  EXPECT_THAT(logged, HasSubstr(metadata.at("request_id")));
}

TEST(StatusGrpcTest, CutsLongTextAndReplacesWhatIsNotPrintable) {
  const auto wire = ToRpcStatus(absl::NotFoundError("a\n\xff" + std::string(5000, 'x')));
  EXPECT_EQ(wire.message().size(), 1024u);
  EXPECT_EQ(wire.message().substr(0, 4), "a??x");
}

TEST(StatusGrpcTest, BelievesNoReasonOfAnotherDomainOrForm) {
  for (auto [domain, reason] : {std::pair<const char*, const char*>{"other", "STALE_VERSION"},
                                {"waystation", "not a reason"},
                                {"waystation", ""}}) {
    google::rpc::ErrorInfo info;
    info.set_domain(domain);
    info.set_reason(reason);
    google::rpc::Status wire;
    wire.set_code(10);
    wire.add_details()->PackFrom(info);
    EXPECT_EQ(ReasonOf(FromRpcStatus(wire)), "") << domain << reason;
  }
}

TEST(StatusGrpcTest, ReadsForeignAndBrokenStatuses) {
  absl::Status plain = FromGrpcStatus(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"));
  EXPECT_TRUE(absl::IsUnavailable(plain));
  EXPECT_EQ(plain.message(), "gone");
  absl::Status broken =
      FromGrpcStatus(grpc::Status(grpc::StatusCode::ABORTED, "text", "\x0a\xff\xff"));
  EXPECT_TRUE(absl::IsAborted(broken));
  google::rpc::Status unknown;
  unknown.set_code(99);
  EXPECT_TRUE(absl::IsUnknown(FromRpcStatus(unknown)));
  unknown.set_code(-1);
  EXPECT_TRUE(absl::IsUnknown(FromRpcStatus(unknown)));
}

}  // namespace
}  // namespace waystation::rpc
