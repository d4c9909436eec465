// Rust names, legacy and v0. A comment `here: x` names a line.
use std::ffi::{c_char, CStr};

extern "C" {
    fn mark(name: *const c_char);
}

fn mark_here(name: &CStr) {
    unsafe { mark(name.as_ptr()) }
}

mod inner {
    pub struct Holder<T>(pub T);

    impl<T: Copy> Holder<T> {
        #[inline(never)]
        pub fn hold(&self) -> T {
            let name = std::ffi::CStr::from_bytes_with_nul(b"method\0").unwrap();
            unsafe { super::mark(name.as_ptr()) }; // here: hold marks
            std::hint::black_box(());
            self.0
        }
    }
}

#[inline(always)]
fn small() {
    let name = CStr::from_bytes_with_nul(b"inlined\0").unwrap();
    unsafe { mark(name.as_ptr()) }; // here: small marks
    std::hint::black_box(());
}

#[inline(never)]
fn outer() {
    small(); // here: outer calls
    std::hint::black_box(());
}

fn main() {
    outer();
    std::hint::black_box(inner::Holder(3u32).hold());
    mark_here(CStr::from_bytes_with_nul(b"done\0").unwrap());
}
