//! The devices of a vault's owner, its ways in one by one, and the format that all of them write.

use crate::codes::ampoule_factor;
use crate::ids::{ampoule_device_id, ampoule_way_id};
use crate::memory::{Out, lend, text, value};
use crate::status::ampoule_status;
use crate::unlock::ampoule_unlock;
use crate::vault::ampoule_vault;
use crate::{boundary, handles};
use ampoule::{Device, WayIn};
use std::ffi::c_char;

/// Devices of a vault's owner. It does not change. Any thread.
pub struct ampoule_devices(Vec<Device>);

/// A device of a vault's owner.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_device_info {
    /// Names the device.
    pub id: ampoule_device_id,
    /// When it was added, in milliseconds since 1970.
    pub added_ms: i64,
    /// Whether it is the one in use here.
    pub here: bool,
    /// Whether it is in use no more.
    pub retired: bool,
    /// Since when it is in use no more, in milliseconds since 1970, or 0.
    pub retired_ms: i64,
    /// The lowest format that its software reads, or 0 where it is in use no more.
    pub lowest_format: u32,
    /// The highest.
    pub highest_format: u32,
}

/// The devices in use, or with `retired` those that are in use no more, in the order of their ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_devices(
    vault: *const ampoule_vault,
    retired: bool,
    devices: *mut *mut ampoule_devices,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(devices)?;
        let vault = handles::get(vault)?;
        let found = if retired { vault.0.retired_devices()? } else { vault.0.devices()? };
        out.write(handles::open(ampoule_devices(found))?);
        Ok(())
    })
}

/// How many they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_devices_count(devices: *const ampoule_devices, count: *mut usize) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(devices)?.0.len());
        Ok(())
    })
}

/// One of them, from 0. Of one that is in use no more, `reason` is why: text of the list's own, there until it is closed, and not
/// ended by a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_devices_at(
    devices: *const ampoule_devices,
    place: usize,
    info: *mut ampoule_device_info,
    reason: *mut *const c_char,
    reason_len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, reason_out, len_out) = (Out::at(info)?, Out::at(reason)?, Out::at(reason_len)?);
        let devices = handles::get(devices)?;
        let Device { id, added_ms, here, formats, retired } = devices.0.get(place).ok_or(ampoule_status::OutOfRange)?;
        out.write(ampoule_device_info {
            id: (*id).into(),
            added_ms: *added_ms,
            here: *here,
            retired: retired.is_some(),
            retired_ms: retired.as_ref().map_or(0, |end| end.time_ms),
            lowest_format: formats.as_ref().map_or(0, |formats| *formats.start()),
            highest_format: formats.as_ref().map_or(0, |formats| *formats.end()),
        });
        lend(retired.as_ref().map_or("", |end| &end.reason), reason_out, len_out);
        Ok(())
    })
}

/// Adds a device: a second telephone or another server on the same store, with this way in and keys of its own. A vault has 64 at
/// most.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_add_device(
    vault: *const ampoule_vault,
    unlock: *const ampoule_unlock,
    device: *mut ampoule_device_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(device)?;
        let unlock = handles::get(unlock)?.way()?;
        out.write(handles::get(vault)?.0.add_device(&unlock)?.into());
        Ok(())
    })
}

/// Retires a device that is lost, with the reason, up to 1024 bytes. What it wrote still verifies.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_retire_device(
    vault: *const ampoule_vault,
    device: *const ampoule_device_id,
    reason: *const c_char,
    reason_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let (device, reason) = (value(device)?.into(), text(reason, reason_len)?);
        Ok(handles::get(vault)?.0.retire_device(device, reason)?)
    })
}

/// Gives the device in use fresh keys and a log of its own, with the reason, up to 1024 bytes. It then has another id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_renew_device(
    vault: *const ampoule_vault,
    reason: *const c_char,
    reason_len: usize,
    device: *mut ampoule_device_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(device)?;
        out.write(handles::get(vault)?.0.renew_device(text(reason, reason_len)?)?.into());
        Ok(())
    })
}

/// A way in, as far as it can be shown: what is true is required, all together.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_way_info {
    /// When it was added, in milliseconds since 1970.
    pub added_ms: i64,
    /// The device that it opens.
    pub device: ampoule_device_id,
    /// A key from the platform's keystore.
    pub device_key: bool,
    /// A passphrase.
    pub passphrase: bool,
    /// A recovery code.
    pub recovery_code: bool,
    /// Something that a newer version added.
    pub newer: bool,
}

/// What is known of a way in, by its id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_way_info(
    vault: *const ampoule_vault,
    way: *const ampoule_way_id,
    info: *mut ampoule_way_info,
) -> ampoule_status {
    boundary::call(|| {
        let (out, wanted) = (Out::at(info)?, value(way)?.into());
        let ways = handles::get(vault)?.0.ways()?;
        let WayIn { id: _, factors, added_ms, device } =
            ways.into_iter().find(|way| way.id == wanted).ok_or(ampoule_status::UnknownWay)?;
        let has = |wanted| factors.iter().any(|factor| ampoule_factor::of(*factor) == wanted);
        out.write(ampoule_way_info {
            added_ms,
            device: device.into(),
            device_key: has(ampoule_factor::DeviceKey),
            passphrase: has(ampoule_factor::Passphrase),
            recovery_code: has(ampoule_factor::RecoveryCode),
            newer: has(ampoule_factor::Newer),
        });
        Ok(())
    })
}

/// The number of the format that the vault writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_format(vault: *const ampoule_vault, format: *mut u32) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(format)?;
        out.write(handles::get(vault)?.0.format()?);
        Ok(())
    })
}

/// The devices in use that have not announced that they read a format.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_left_behind(
    vault: *const ampoule_vault,
    format: u32,
    devices: *mut *mut ampoule_devices,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(devices)?;
        let found = handles::get(vault)?.0.left_behind(format)?;
        out.write(handles::open(ampoule_devices(found))?);
        Ok(())
    })
}

/// Has all devices write a higher format from now on. There is no way back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_raise_format(vault: *const ampoule_vault, format: u32) -> ampoule_status {
    boundary::call(|| Ok(handles::get(vault)?.0.raise_format(format)?))
}
