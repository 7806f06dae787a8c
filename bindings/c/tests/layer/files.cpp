/* Files: versions, previews, sealed content that goes on, folders. */
#include "harness.hpp"

#include <filesystem>

namespace {

std::vector<uint8_t> long_content() {
    std::vector<uint8_t> content(300000);
    for (std::size_t place = 0; place < content.size(); place++) content[place] = static_cast<uint8_t>(place % 253);
    return content;
}

std::string read_all(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/* Files need a place: a store in a file has one. */
ampoule::vault vault_on_disk(const char *name, uint8_t byte) {
    const auto path = fresh_path("store");
    return ampoule::vault::create(ampoule::store::sqlite_with(path, 5000, true), name, ampoule::unlock::device_key({byte})).first;
}

void files_have_versions_and_previews() {
    auto vault = vault_of("Dr. Lee", 1);
    auto chart = vault.create_chart();
    ampoule::record info("image/jpeg");
    info.preview("image/png", ampoule::view("small"));
    auto writer = chart.create_file(info);
    writer.update(ampoule::view("first"));
    const auto id = writer.finish();
    const auto first = chart.entry(id).info().version;
    auto second = chart.create_file_version(id, ampoule::record("image/jpeg"));
    second.update(ampoule::view("second"));
    second.finish();
    CHECK(chart.file(id).read_range(0, 6).text() == "second" && chart.file_version(first).read_range(0, 5).text() == "first");
    CHECK(chart.file_version(first).entry().media_type() == "image/jpeg");
    const auto [type, picture] = chart.preview_version(first);
    CHECK(type.text() == "image/png" && picture.text() == "small" && chart.preview(id).second.text().empty());
    auto given_up = chart.create_file(info);
    given_up.update(ampoule::view("nothing"));
    given_up.abandon();
    CHECK(status_of([&] { given_up.finish(); }) == AMPOULE_STATUS_CANCELLED && chart.list().size() == 1);
}

void content_that_broke_off_goes_on() {
    pair_of_vaults both(vault_on_disk("Riverside Clinic", 1), vault_on_disk("Dr. Lee", 2));
    auto chart = both.clinic.create_chart();
    const auto content = long_content();
    auto writer = chart.create_file(ampoule::record("image/jpeg"));
    writer.update(content);
    const auto id = writer.finish();
    const auto version = chart.entry(id).info().version;
    auto copy = both.share(chart, AMPOULE_RIGHTS_READ);
    CHECK(copy.missing_content().size() == 1 && same(copy.missing_content()[0], version));
    CHECK(status_of([&] { (void)copy.file(id); }) == AMPOULE_STATUS_CONTENT_NOT_HERE);
    const auto sending = chart.sealed_content(version);
    std::vector<uint8_t> sealed(sending.size());
    CHECK(sending.read_at(0, sealed.data(), sealed.size()) == sealed.size());
    {
        auto receiver = copy.receive_content(version);
        CHECK(receiver.wants() == std::make_pair(uint64_t{0}, sending.size()));
        receiver.update({sealed.data(), 200000}); // and the line breaks
    }
    auto receiver = copy.receive_content(version);
    const auto from = receiver.wants().first;
    CHECK(from > 0 && from <= 200000);
    receiver.update({sealed.data() + from, sealed.size() - from});
    receiver.finish();
    CHECK(copy.missing_content().empty());
    CHECK(copy.file(id).read_range(250000, 10).view().data()[9] == content[250009]);
    CHECK(status_of([&] { (void)copy.receive_content(version); }) == AMPOULE_STATUS_CONTENT_HERE);
}

void content_that_is_given_up_begins_anew() {
    pair_of_vaults both(vault_on_disk("Riverside Clinic", 1), vault_on_disk("Dr. Lee", 2));
    auto chart = both.clinic.create_chart();
    auto writer = chart.create_file(ampoule::record("image/jpeg"));
    writer.update(long_content());
    const auto id = writer.finish();
    const auto version = chart.entry(id).info().version;
    auto copy = both.share(chart, AMPOULE_RIGHTS_READ);
    std::vector<uint8_t> sealed(200000);
    CHECK(chart.sealed_content(version).read_at(0, sealed.data(), sealed.size()) == sealed.size());
    auto receiver = copy.receive_content(version);
    receiver.update(sealed);
    receiver.discard();
    CHECK(copy.receive_content(version).wants().first == 0);
    // By way of a file, whose progress throws once.
    const auto path = fresh_path("sealed");
    chart.export_content(version, path);
    bool thrown = false;
    try {
        copy.import_content(version, path, [](uint64_t) -> bool { throw std::runtime_error("the window was closed"); });
    } catch (const std::runtime_error &error) {
        thrown = std::string(error.what()) == "the window was closed";
    }
    CHECK(thrown && copy.missing_content().size() == 1);
    uint64_t told = 0;
    copy.import_content(version, path, [&](uint64_t done) { return (told = done) > 0; });
    CHECK(told > 0 && copy.missing_content().empty() && copy.file(id).size() == 300000);
}

void a_folder_goes_in_and_comes_out() {
    auto vault = vault_of("Dr. Lee", 1);
    auto chart = vault.create_chart();
    const auto from = fresh_path("scans"), out = fresh_path("out");
    std::filesystem::create_directories(from + "/knee");
    std::ofstream(from + "/one.txt") << "first";
    std::ofstream(from + "/knee/two.txt") << "second";
    const ampoule::record info("text/plain");
    for (const auto &one : chart.import_folder(info, from, [](uint64_t) { return false; })) {
        CHECK(one.status == AMPOULE_STATUS_CANCELLED);
    }
    bool thrown = false;
    try {
        chart.import_folder(info, from, [](uint64_t) -> bool { throw std::runtime_error("the window was closed"); });
    } catch (const std::runtime_error &error) {
        thrown = std::string(error.what()) == "the window was closed";
    }
    CHECK(thrown && chart.list().empty());
    auto done = chart.import_folder(info, from);
    CHECK(done.size() == 2);
    for (const auto &one : done) {
        CHECK(one.status == AMPOULE_STATUS_OK && (one.path == "one.txt" || one.path == "knee/two.txt"));
        CHECK(chart.entry(one.entry).name() == one.path);
    }
    done = chart.export_folder(out);
    CHECK(done.size() == 2 && read_all(out + "/one.txt") == "first" && read_all(out + "/knee/two.txt") == "second");
    for (const auto &one : chart.export_folder(out)) CHECK(one.status == AMPOULE_STATUS_FILE_EXISTS && one.path.empty());
    const auto stopped = status_of([&] { chart.put_path_once("scan 1", info, from + "/one.txt", [](uint64_t) { return false; }); });
    CHECK(stopped == AMPOULE_STATUS_CANCELLED);
    const auto id = chart.put_path_once("scan 1", info, from + "/one.txt");
    CHECK(same(id, chart.put_path_once("scan 1", info, from + "/one.txt")));
    const auto copy = fresh_path("copy");
    chart.file(id).export_to(copy);
    CHECK(read_all(copy) == "first");
    CHECK(status_of([&] { chart.import_folder(info, "/no/such/folder"); }) == AMPOULE_STATUS_CANNOT_READ);
}

/* A DICOM file of one frame of 2 x 3 bytes, explicit and little endian. */
std::string dicom_file() {
    std::string file(128, '\0');
    const auto element = [](uint16_t group, uint16_t number, const char *kind, std::string value) {
        std::string made;
        const auto little = [&](std::size_t word, int bytes) {
            for (int byte = 0; byte < bytes; byte++) made.push_back(static_cast<char>(word >> (8 * byte)));
        };
        if (value.size() % 2 != 0) value.push_back('\0');
        little(group, 2);
        little(number, 2);
        made += kind;
        const bool wide = std::string_view(kind) == "OB";
        if (wide) little(0, 2);
        little(value.size(), wide ? 4 : 2);
        return made + value;
    };
    const auto syntax = element(2, 0x10, "UI", "1.2.840.10008.1.2.1");
    const auto word = [](uint16_t number) { return std::string{static_cast<char>(number), static_cast<char>(number >> 8)}; };
    file += "DICM" + element(2, 0, "UL", word(static_cast<uint16_t>(syntax.size())) + word(0)) + syntax;
    file += element(8, 0x18, "UI", "1.2.3.4") + element(8, 0x60, "CS", "OT") + element(0x20, 0x0d, "UI", "1.2.3");
    file += element(0x28, 2, "US", word(1)) + element(0x28, 0x10, "US", word(2)) + element(0x28, 0x11, "US", word(3));
    file += element(0x28, 0x100, "US", word(8));
    return file + element(0x7fe0, 0x10, "OB", "pixels");
}

void a_frame_of_an_image_is_found() {
    auto vault = vault_of("Dr. Lee", 1);
    auto chart = vault.create_chart();
    const auto path = fresh_path("scan.dcm");
    std::ofstream(path, std::ios::binary) << dicom_file();
    ampoule::record info("application/dicom");
    ampoule::dicom::of_path(path).describe(info);
    chart.put_path(info, path);
    const auto found = chart.find(ampoule::query("ImagingStudy"));
    CHECK(found.size() == 1);
    const auto file = chart.file(found.at(0).entry);
    const auto image = ampoule::dicom::of(file);
    CHECK(image.info().frames == 1 && image.info().rows == 2 && image.info().columns == 3 && !image.info().encapsulated);
    const auto [offset, size] = image.frame(0);
    CHECK(file.read_range(offset, size).text() == "pixels");
    CHECK(status_of([&] { (void)image.frame(1); }) != AMPOULE_STATUS_OK);
}

} // namespace

const test file_tests[] = {
    {"files_have_versions_and_previews", files_have_versions_and_previews},
    {"content_that_broke_off_goes_on", content_that_broke_off_goes_on},
    {"content_that_is_given_up_begins_anew", content_that_is_given_up_begins_anew},
    {"a_folder_goes_in_and_comes_out", a_folder_goes_in_and_comes_out},
    {"a_frame_of_an_image_is_found", a_frame_of_an_image_is_found},
    {nullptr, nullptr},
};
