#include "common/client/fake_log.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "common/merkle/tree.h"
#include "common/rpc/tls.h"
#include "common/status/status.h"
#include "common/tlog/checkpoint.h"
#include "common/tlog/cosigner.h"
#include "common/tlog/tile.h"

namespace waystation::client {
namespace {

constexpr char kOrigin[] = "waystation.example/log/1";

std::vector<merkle::Digest> LeavesOf(const std::string& history, uint64_t size) {
  std::vector<merkle::Digest> leaves;
  for (uint64_t i = 0; i < size; ++i) leaves.push_back(merkle::LeafHash(absl::StrCat(history, i)));
  return leaves;
}

}  // namespace

FakeLog::FakeLog(rpc::TestTls& tls, const Clock& clock, const std::string& identity)
    : clock_(clock),
      tls_(tls),
      files_(tls.Issue({identity}).files),
      log_key_(*crypto::Ed25519Key::Generate()),
      key_(*tlog::VerifierKey::Create(kOrigin, tlog::KeyType::kEd25519, log_key_.public_key())) {
  Start();
}

FakeLog::~FakeLog() { Stop(); }

void FakeLog::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  server_.reset();
}

void FakeLog::Start() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = false;
  }
  auto credentials = rpc::MakeServerCredentials(files_, tls_.Trust(clock_), clock_, nullptr);
  if (!credentials.ok()) Fatal(credentials.status().ToString());
  rpc::ServerOptions options;
  options.port = port_;
  options.credentials = *credentials;
  auto server = rpc::Server::Start(options, {this});
  if (!server.ok()) Fatal(server.status().ToString());
  server_ = *std::move(server);
  port_ = server_->port();
  address_ = server_->address();
}

std::string FakeLog::Body(uint64_t old_size, uint64_t size, const std::string& history) const {
  return Body(old_size, size, history, key_, log_key_);
}

std::string FakeLog::Body(uint64_t old_size, uint64_t size, const std::string& history,
                          const tlog::VerifierKey& name, const crypto::Ed25519Key& key) const {
  const merkle::Tree tree(LeavesOf(history, size));
  const std::string text =
      tlog::Checkpoint{.origin = name.name(), .size = size, .root = tree.root()}.ToText();
  const tlog::Note note{.text = text, .signatures = {*tlog::SignNote(name, key, text)}};
  tlog::AddCheckpoint request{.old_size = old_size, .proof = {}, .checkpoint = note.ToBytes()};
  tree.AppendConsistencyProof(old_size, &request.proof);
  return request.ToBody();
}

std::string FakeLog::Note(uint64_t size, const std::string& history) const {
  return tlog::AddCheckpoint::FromBody(Body(0, size, history))->checkpoint;
}

void FakeLog::ShowTilesOf(const std::string& history) {
  std::lock_guard<std::mutex> lock(mutex_);
  shown_history_ = history;
}

grpc::Status FakeLog::GetTile(grpc::ServerContext*, const audit::v1::GetTileRequest* request,
                              audit::v1::GetTileResponse* response) {
  absl::StatusOr<tlog::TileId> id = tlog::TileId::FromPath(request->path());
  if (!id.ok() || id->level != 0 || id->index != 0) return {grpc::StatusCode::NOT_FOUND, "tile"};
  std::lock_guard<std::mutex> lock(mutex_);
  for (const merkle::Digest& leaf : LeavesOf(shown_history_, id->width)) {
    response->mutable_data()->append(crypto::AsBytes(leaf));
  }
  return grpc::Status::OK;
}

audit::v1::CosignAnswer FakeLog::Ask(const std::string& body) {
  std::unique_lock<std::mutex> lock(mutex_);
  answer_.reset();
  body_ = body;
  changed_.notify_all();
  changed_.wait(lock, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return answer_.has_value(); });
  return *answer_;
}

void FakeLog::EndStreams(const grpc::Status& status) {
  std::lock_guard<std::mutex> lock(mutex_);
  end_ = status;
  changed_.notify_all();
}

void FakeLog::Refuse(const tlog::VerifierKey& cosigner, const grpc::Status& status) {
  std::lock_guard<std::mutex> lock(mutex_);
  refused_[cosigner.ToString()] = status;
}

std::vector<audit::v1::CosignOpen> FakeLog::opened() {
  std::lock_guard<std::mutex> lock(mutex_);
  return opened_;
}

void FakeLog::AwaitOpened(
    const std::function<bool(const std::vector<audit::v1::CosignOpen>&)>& enough) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return enough(opened_); });
}

std::optional<std::string> FakeLog::NextBody() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return stopping_ || !end_.ok() || body_.has_value();
  });
  if (stopping_) return std::nullopt;
  return std::exchange(body_, std::nullopt);
}

grpc::Status FakeLog::Cosign(
    grpc::ServerContext*,
    grpc::ServerReaderWriter<audit::v1::CosignResponse, audit::v1::CosignRequest>* stream) {
  audit::v1::CosignRequest request;
  if (!stream->Read(&request) || !request.has_open()) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "not opened");
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    opened_.push_back(request.open());
    changed_.notify_all();
    auto refused = refused_.find(request.open().verifier_key());
    if (refused != refused_.end()) return refused->second;
  }
  while (std::optional<std::string> body = NextBody()) {
    audit::v1::CosignResponse response;
    response.set_body(*body);
    const bool answered = stream->Write(response) && stream->Read(&request);
    std::lock_guard<std::mutex> lock(mutex_);
    if (!answered) {
      // The client has gone; it is asked again on its next stream.
      if (!body_.has_value()) body_ = std::move(body);
      changed_.notify_all();
      break;
    }
    answer_ = request.answer();
    changed_.notify_all();
  }
  std::lock_guard<std::mutex> lock(mutex_);
  return end_.ok() ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "going away") : end_;
}

}  // namespace waystation::client
