// Vectors of boxes in Rust: what the per-line table makes of them.

struct Record {
    _values: [u64; 16],
}

#[inline(never)]
fn load(count: usize) -> Vec<Box<Record>> {
    let mut records = Vec::with_capacity(count);
    for i in 0..count {
        records.push(Box::new(Record { _values: [i as u64; 16] }));
    }
    records
}

#[inline(never)]
fn drop_half(records: &mut Vec<Box<Record>>) {
    let keep = records.len() / 2;
    records.truncate(keep);
}

fn main() {
    let mut records = load(10_000);
    drop_half(&mut records);
    std::process::exit(if records.len() == 5_000 { 0 } else { 1 });
}
