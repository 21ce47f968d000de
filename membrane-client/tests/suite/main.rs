//! One suite over both transports: what a product sees is the same in process and over REST.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

mod actions;
mod collections;
mod connections;
mod elements;
mod errors;
mod faults;
mod filters;
mod flows;
mod follow;
mod history;
mod kinds;
mod layers;
mod links;
mod logs;
mod paged;
mod parameters;
mod shared;
mod sources;
mod stage;
mod sync;
mod workspace;

/// Mounts a test for both transports.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod in_process {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::stage::Stage::in_process().await).await;
            })*
        }

        mod remote {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::stage::Stage::remote().await).await;
            })*
        }
    };
}
pub(crate) use on_both;
