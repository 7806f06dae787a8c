/**
 * @file ampoule/link.hpp
 * SMART Health Links: files for whoever has the link.
 */
#ifndef AMPOULE_LINK_HPP
#define AMPOULE_LINK_HPP

#include "core.hpp"

namespace ampoule {

/** What was fetched at the address of a link. */
class manifest : public handle<ampoule_manifest> {
  public:
    using handle::handle;

    std::size_t size() const { return detail::value_of<std::size_t>(ampoule_manifest_count, get()); }
    /** Where a file is to be fetched with GET; no bytes where the manifest has it itself. */
    std::string_view location(std::size_t place) const { return detail::lent_by(ampoule_manifest_location, get(), place); }
};

/** A file behind a link. */
struct linked {
    buffer media_type;
    buffer content;
};

/** A link, made here or read. */
class link : public handle<ampoule_link> {
  public:
    using handle::handle;

    /** With a fresh key, at an address that is drawn below this https URL. */
    static link make(std::string_view base) { return detail::owner_of<link>(ampoule_link_new, base.data(), base.size()); }
    /** Reads a link that has not ended by `now_s`, in seconds since 1970. */
    static link parse(std::string_view text, int64_t now_s) {
        return detail::owner_of<link>(ampoule_link_parse, text.data(), text.size(), now_s);
    }
    ampoule_link_info info() const { return detail::value_of<ampoule_link_info>(ampoule_link_get_info, get()); }
    /** What is zero or false stays as it is. */
    link &change(const ampoule_link_info &info) {
        check(ampoule_link_set_info(get(), &info));
        return *this;
    }
    link &label(std::string_view words) {
        check(ampoule_link_set_label(get(), words.data(), words.size()));
        return *this;
    }
    buffer label() const { return detail::buffer_of(ampoule_link_label, get()); }
    /** To be shown as a QR code or sent. It is a secret. */
    buffer text() const { return detail::buffer_of(ampoule_link_text, get()); }
    /** Encrypts a file for the link. It joins the manifest; what is returned is for the server of a link to a single file. */
    buffer seal(std::string_view media_type, view content) {
        return detail::buffer_of(ampoule_link_seal, get(), media_type.data(), media_type.size(), content.data(), content.size());
    }
    /** What a server answers at the link's address, as `application/json`. */
    buffer manifest() const { return detail::buffer_of(ampoule_link_manifest, get()); }
    /** What to fetch first: an https URL, and what to POST there as `application/json`, or no bytes for GET. */
    std::pair<buffer, buffer> request(std::string_view recipient, std::string_view passcode = {}) const {
        std::pair<buffer, buffer> first;
        check(ampoule_link_request(get(), recipient.data(), recipient.size(), passcode.data(), passcode.size(),
                                   first.first.out(), first.second.out()));
        return first;
    }
    ampoule::manifest read_manifest(view json) const {
        return detail::owner_of<ampoule::manifest>(ampoule_link_read_manifest, get(), json.data(), json.size());
    }
    /** Opens a file of a manifest, with what its location gave, or nothing where the manifest has it. */
    linked open(const ampoule::manifest &manifest, std::size_t place, view jwe = {}) const {
        linked file;
        check(ampoule_link_open(get(), manifest.get(), place, jwe.data(), jwe.size(), file.media_type.out(), file.content.out()));
        return file;
    }
    /** Opens the file of a link to a single file. */
    linked open_file(view jwe) const {
        linked file;
        check(ampoule_link_open_file(get(), jwe.data(), jwe.size(), file.media_type.out(), file.content.out()));
        return file;
    }
};

} // namespace ampoule

#endif
