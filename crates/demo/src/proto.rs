//! The code generated from `proto-samples/`.

#![allow(missing_docs, dead_code, unreachable_pub, clippy::all, rustdoc::all)]

pub mod shop {
    pub mod inventory {
        pub mod v1 {
            tonic::include_proto!("shop.inventory.v1");
        }
    }
    pub mod order {
        pub mod v1 {
            tonic::include_proto!("shop.order.v1");
        }
    }
}

pub mod user {
    pub mod v1 {
        tonic::include_proto!("user.v1");
    }
}

pub mod node {
    pub mod v1 {
        tonic::include_proto!("node.v1");
    }
}

pub mod helloworld {
    tonic::include_proto!("helloworld");
}

pub mod everything {
    include!(concat!(env!("OUT_DIR"), "/everything.v1.Everything.rs"));
    include!(concat!(env!("OUT_DIR"), "/everything.v1.Editions.rs"));
}
