/// The shipped model's file, as it stands in `models/`.
pub static SHIPPED: &[u8] = include_bytes!("../../models/default.safetensors");
