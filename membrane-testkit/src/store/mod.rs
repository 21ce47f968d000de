//! The contract of [`Store`](membrane_engine::store::Store) as tests.
//!
//! Each behaviour is one async function that takes an open store, works in a workspace of its own, and
//! panics where the store breaks the contract. [`store_suite!`](crate::store_suite) mounts them all.

pub mod checkpoints;
pub mod fields;
pub mod keys;
pub mod links;
pub mod listing;
pub mod races;
pub mod runs;
pub mod scopes;
pub mod sealed;
pub mod workspaces;
mod world;
pub mod writes;

/// Mounts every behaviour of [`store`](mod@crate::store) as a test of its own.
///
/// Takes the full path of an async function that opens an empty store, or a shared one, and answers
/// `(Arc<dyn Store>, guard)`; the guard, a temporary folder say, lives as long as the test. The mounting
/// crate needs `tokio` with `macros` and `rt-multi-thread`.
///
/// ```
/// use std::sync::Arc;
///
/// use membrane_engine::store::{SqliteStore, Store};
///
/// async fn open() -> (Arc<dyn Store>, ()) {
///     (Arc::new(SqliteStore::memory().await.unwrap()), ())
/// }
///
/// mod memory {
///     membrane_testkit::store_suite!(crate::open);
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! store_suite {
    ($open:path) => {
        $crate::store_suite! { @mount $open;
            checkpoints: [
                are_bounded,
                are_the_owners_own,
                leave_out_what_changed_nothing,
                say_who_made_them,
                tell_every_change,
            ]
            fields: [
                compare_by_type_and_value,
                have_names_of_any_form,
                narrow_together,
                of_known_names_are_no_exception,
            ]
            keys: [
                a_slot_has_one_row,
                are_free_once_archived,
                are_unique_in_their_place,
                ids_are_unique_in_the_workspace,
                may_be_absent,
                may_not_be_taken_by_an_update,
            ]
            links: [
                are_found_from_both_sides,
                are_paged,
                are_removed_by_what_they_hold,
                are_the_customers_own,
                are_there_once,
                belong_to_a_table_that_stands,
                come_back_as_they_were,
            ]
            listing: [
                every_filter_narrows,
                hides_the_archived,
                is_ordered_and_cut_into_full_pages,
                layers_are_told_apart,
                limits_lie_within_1_and_1000,
                merges_own_rows_and_the_workspaces,
                search_takes_wildcards_literally,
                stays_in_step_while_rows_come_and_go,
            ]
            races: [
                a_key_is_taken_once,
                a_refused_write_does_not_touch_its_neighbours,
                a_slot_is_taken_once,
                a_workspace_is_made_once,
                each_revision_is_won_once,
                each_sealed_version_is_won_once,
                writes_of_callers_that_went_away_are_whole,
            ]
            runs: [
                are_found_by_every_filter,
                are_listed_by_kind_and_in_both_orders,
                are_found_by_time,
                are_left_as_they_are_when_appended_again,
                are_paged_newest_first,
                are_removed_once_they_are_old,
                are_the_customers_own,
                come_back_as_they_were,
            ]
            scopes: [
                a_customer_cannot_reach_what_is_sealed_of_the_workspace,
                a_customer_cannot_write_another_customers_rows,
                a_customer_cannot_write_the_workspaces_rows,
                a_customer_sees_own_rows_and_the_workspaces,
                a_workspace_sees_all_of_its_rows_and_no_others,
            ]
            sealed: [
                are_the_workspaces_own_too,
                are_written_one_version_at_a_time,
                belong_to_an_element_of_the_customer,
                come_and_go,
                lose_to_a_revision_in_the_same_list,
                listing_for_rotation_pages_over_other_keys,
                rewrap_changes_the_wrapped_key_only,
                rewrap_loses_to_any_other_write,
            ]
            workspaces: [
                are_found_again,
                need_an_id_of_their_own,
            ]
            writes: [
                a_closed_store_says_so,
                a_row_comes_back_as_it_was,
                an_update_replaces_everything,
                an_update_of_what_is_not_there_is_not_found,
                an_update_of_what_has_changed_is_refused,
                are_made_all_or_none,
                of_deep_documents_can_be_read_back,
                see_the_ones_before_them,
            ]
        }
    };
    (@mount $open:path; $($module:ident: [$($behaviour:ident,)*])*) => {$(
        mod $module {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                let (store, _guard) = $open().await;
                $crate::store::$module::$behaviour(store).await.unwrap();
            }
        )*}
    )*};
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_behaviour_is_mounted() {
        let list = include_str!("mod.rs");
        let files = [
            include_str!("checkpoints.rs"),
            include_str!("fields.rs"),
            include_str!("keys.rs"),
            include_str!("links.rs"),
            include_str!("listing.rs"),
            include_str!("races.rs"),
            include_str!("runs.rs"),
            include_str!("scopes.rs"),
            include_str!("sealed.rs"),
            include_str!("workspaces.rs"),
            include_str!("writes.rs"),
        ];
        let names = files.iter().flat_map(|file| file.split("\npub async fn ").skip(1));
        for name in names.map(|rest| rest.split('(').next().unwrap()) {
            assert!(list.contains(&format!("                {name},\n")), "{name} is not mounted");
        }
    }
}
