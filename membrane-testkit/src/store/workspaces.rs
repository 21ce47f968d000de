//! Workspaces by key.

use std::sync::Arc;

use membrane_core::{ErrorKind, Result, WorkspaceId};
use membrane_engine::store::Store;

use super::world::{refused, unique};

/// The first call makes it with the id it brings; each later call finds that id.
pub async fn are_found_again(store: Arc<dyn Store>) -> Result<()> {
    let (key, id) = (unique("key"), WorkspaceId::from(unique("id")));
    assert_eq!(store.workspace(&key, &id).await?, id);
    assert_eq!(store.workspace(&key, &WorkspaceId::from(unique("id"))).await?, id);
    assert_ne!(store.workspace(&key.to_uppercase(), &WorkspaceId::from(unique("id"))).await?, id);
    Ok(())
}

/// The id of another workspace is `AlreadyExists`.
pub async fn need_an_id_of_their_own(store: Arc<dyn Store>) -> Result<()> {
    let id = WorkspaceId::from(unique("id"));
    store.workspace(&unique("key"), &id).await?;
    refused(store.workspace(&unique("key"), &id).await, ErrorKind::AlreadyExists);
    Ok(())
}
