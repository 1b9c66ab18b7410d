#include "tools/waystation/evidence/evidence_files.h"

#include <unistd.h>

#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/crypto/sha256.h"
#include "common/status/status.h"
#include "google/protobuf/util/json_util.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kManifestFile[] = "manifest.json";
// Far above what the longest referral leaves behind.
constexpr size_t kFilesMax = 100'000;

std::string HashOf(std::string_view bytes) {
  return crypto::Hex(crypto::AsBytes(crypto::Sha256(bytes)));
}

absl::StatusOr<std::string> ManifestText(const v1::EvidenceManifest& manifest) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(manifest, &text, options).ok()) {
    return absl::InternalError(Problem(kManifestFile, "cannot be written"));
  }
  return text;
}

absl::Status WriteFiles(const std::string& directory, const Evidence& evidence) {
  for (const auto& [path, bytes] : evidence.files) {
    WS_RETURN_IF_ERROR(WriteFile(absl::StrCat(directory, "/", path), bytes, FileMode::kPublic));
  }
  WS_ASSIGN_OR_RETURN(std::string manifest, ManifestText(evidence.manifest));
  return WriteFile(absl::StrCat(directory, "/", kManifestFile), manifest, FileMode::kPublic);
}

// Every file below the directory, by path. What is no plain file is refused: a
// link would lead out of what was hashed.
absl::StatusOr<EvidenceFiles> ReadFiles(const std::string& directory) {
  EvidenceFiles files;
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const std::string path = entry->path().lexically_relative(directory).generic_string();
    const fs::file_status status = entry->symlink_status();
    if (fs::is_directory(status)) continue;
    if (!fs::is_regular_file(status)) return Unverified(Problem(path, "not a plain file"));
    WS_ASSIGN_OR_RETURN(files[path], ReadWholeFile(entry->path().string()));
    if (files.size() > kFilesMax) {
      return Unverified(Problem(directory, "too many files", "", absl::StrCat(kFilesMax)));
    }
  }
  if (error) return absl::NotFoundError(Problem(directory, "cannot be read", error.message()));
  return files;
}

absl::StatusOr<v1::EvidenceManifest> TakeManifest(EvidenceFiles* files) {
  auto text = files->find(kManifestFile);
  if (text == files->end()) return Unverified(Problem(kManifestFile, "missing"));
  v1::EvidenceManifest manifest;
  const auto parsed = google::protobuf::util::JsonStringToMessage(text->second, &manifest);
  if (!parsed.ok()) {
    return Unverified(
        Problem(kManifestFile, "malformed", Quoted(std::string(parsed.message())), "its JSON"));
  }
  if (manifest.format() != kEvidenceFormat) {
    return Unverified(Problem(kManifestFile, "unknown format", Quoted(manifest.format()),
                              std::string(kEvidenceFormat)));
  }
  files->erase(text);
  return manifest;
}

absl::Status CheckListed(const v1::EvidenceManifest& manifest, const EvidenceFiles& files) {
  std::set<std::string> listed;
  for (const v1::EvidenceFile& file : manifest.files()) {
    if (!listed.insert(file.path()).second) {
      return Unverified(Problem(kManifestFile, "a file stands twice", Quoted(file.path())));
    }
    auto found = files.find(file.path());
    if (found == files.end()) return Unverified(Problem(Quoted(file.path()), "missing"));
    if (const std::string hash = HashOf(found->second); hash != file.sha256()) {
      return Unverified(
          Problem(file.path(), "not the file of the manifest", hash, Quoted(file.sha256())));
    }
  }
  for (const auto& [path, bytes] : files) {
    if (!listed.contains(path)) {
      return Unverified(Problem(Quoted(path), "not in the manifest", "an extra file", "none"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string RecordFile(uint64_t sequence, std::string_view name) {
  return absl::StrFormat("records/%012d/%s", sequence, name);
}

std::string CertificateFile(std::string_view sha256) {
  return absl::StrCat("certificates/", crypto::Hex(sha256), ".pem");
}

void ListFiles(Evidence* evidence) {
  evidence->manifest.clear_files();
  for (const auto& [path, bytes] : evidence->files) {
    v1::EvidenceFile* file = evidence->manifest.add_files();
    file->set_path(path);
    file->set_sha256(HashOf(bytes));
  }
}

absl::Status WriteEvidence(const std::string& directory, const Evidence& evidence) {
  std::error_code error;
  if (fs::exists(directory, error)) {
    return absl::AlreadyExistsError(
        Problem(directory, "exists already, nothing was changed", "", "another --out"));
  }
  const std::string beside = absl::StrCat(directory, ".new-", getpid());
  absl::Status written = WriteFiles(beside, evidence);
  if (written.ok()) {
    fs::rename(beside, directory, error);
    if (!error) return absl::OkStatus();
    written = absl::FailedPreconditionError(Problem(directory, "cannot be made", error.message()));
  }
  fs::remove_all(beside, error);
  return written;
}

absl::StatusOr<Evidence> ReadEvidence(const std::string& directory) {
  Evidence evidence;
  WS_ASSIGN_OR_RETURN(evidence.files, ReadFiles(directory));
  WS_ASSIGN_OR_RETURN(evidence.manifest, TakeManifest(&evidence.files));
  WS_RETURN_IF_ERROR(CheckListed(evidence.manifest, evidence.files));
  return evidence;
}

}  // namespace waystation::cli
