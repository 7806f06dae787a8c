/*
 * A viewer of DICOM images: fetches the header and one frame of a sealed file, and nothing else.
 *
 *   viewer FOLDER FILE.dcm
 *
 * makes a vault in FOLDER, puts the file with the terms that find it and a small picture, finds it again, and reads frames by their
 * places. Each byte is verified before it is there; what was not asked for is not decrypted.
 */
#include <ampoule.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

namespace {

std::vector<uint8_t> read_all(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/* What a viewer knows of an image, from its header alone. */
class image {
  public:
    explicit image(const ampoule::file &file) : dicom_(ampoule::dicom::of(file)), info_(dicom_.info()) {}

    const ampoule_dicom_info &info() const { return info_; }

    ampoule::buffer frame(const ampoule::file &file, uint32_t number) const {
        const auto [offset, size] = dicom_.frame(number);
        return file.read_range(offset, size);
    }

  private:
    ampoule::dicom dicom_;
    ampoule_dicom_info info_;
};

int view(const std::string &folder, const std::string &path) {
    const auto way = ampoule::unlock::device_key({7}); // 32 random bytes from the platform's keystore
    auto [vault, code] = ampoule::vault::create(ampoule::store::sqlite(folder + "/viewer.db"), "Riverside Imaging", way);
    auto chart = vault.create_chart();

    // What finds the file is read from it before it is put.
    ampoule::record info("application/dicom");
    info.name("scan.dcm");
    ampoule::dicom::of_path(path).describe(info);
    uint64_t told = 0;
    chart.put_path(info, path, [&](uint64_t done) {
        told = done;
        return true;
    });
    std::cout << "put " << told << " bytes\n";

    // The viewer: finds the study, reads its header, fetches one frame after the other.
    const auto found = chart.find(ampoule::query("ImagingStudy"));
    const auto file = chart.file(found.at(0).entry);
    const image scan(file);
    std::cout << scan.info().frames << " frames of " << scan.info().rows << " x " << scan.info().columns << ", a header of "
              << scan.info().header_len << " of " << file.size() << " bytes\n";
    const auto original = read_all(path);
    for (const uint32_t number : {scan.info().frames - 1, scan.info().frames / 2, 0U}) {
        const auto frame = scan.frame(file, number);
        const auto pixels = frame.view();
        const bool same = std::search(original.begin(), original.end(), pixels.begin(), pixels.end()) != original.end();
        std::cout << "frame " << number << ": " << pixels.size() << " bytes, " << (same ? "as they were put" : "others")
                  << "\n";
        if (!same || pixels.size() == 0) return 1;
    }
    try {
        (void)scan.frame(file, scan.info().frames);
        return 1;
    } catch (const ampoule::error &error) {
        std::cout << "one frame more: " << error.what() << "\n";
    }
    return 0;
}

} // namespace

int main(int count, char **arguments) {
    if (count != 3) {
        std::cerr << "viewer FOLDER FILE.dcm\n";
        return 2;
    }
    try {
        const int result = view(arguments[1], arguments[2]);
        if (ampoule_handle_count() != 0) return 1;
        if (result == 0) std::cout << "done\n";
        return result;
    } catch (const std::exception &error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
