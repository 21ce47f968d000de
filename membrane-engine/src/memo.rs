//! What one answer has read already.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use membrane_core::element::ElementKind;
use membrane_core::{ElementId, Page, Paging, Result};

use crate::store::{Query, Row};

/// The rows that were read for one answer: elements of a list refer to the same others again and again.
#[derive(Default)]
pub(crate) struct Memo(Mutex<Read>);

#[derive(Default)]
struct Read {
    rows: HashMap<(ElementKind, ElementId), Option<Row>>,
    /// By how they were asked for.
    pages: HashMap<(ElementKind, String), Page<Row>>,
}

impl Memo {
    /// The row with an id, read when it was not yet.
    pub(crate) async fn row(
        &self,
        kind: ElementKind,
        id: &ElementId,
        read: impl AsyncFnOnce() -> Result<Option<Row>>,
    ) -> Result<Option<Row>> {
        let key = (kind, id.clone());
        let known = self.known().rows.get(&key).cloned();
        if let Some(row) = known {
            return Ok(row);
        }
        let row = read().await?;
        self.known().rows.insert(key, row.clone());
        Ok(row)
    }

    /// The rows that fit, read when they were not yet.
    pub(crate) async fn rows(
        &self,
        kind: ElementKind,
        query: &Query,
        paging: &Paging,
        read: impl AsyncFnOnce() -> Result<Page<Row>>,
    ) -> Result<Page<Row>> {
        let key = (kind, format!("{query:?} {paging:?}"));
        let known = self.known().pages.get(&key).cloned();
        if let Some(page) = known {
            return Ok(page);
        }
        let page = read().await?;
        self.known().pages.insert(key, page.clone());
        Ok(page)
    }

    fn known(&self) -> MutexGuard<'_, Read> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn what_was_read_is_not_read_again() {
        let (memo, reads) = (Memo::default(), Cell::new(0));
        let read = async || {
            reads.set(reads.get() + 1);
            Ok(Page::default())
        };
        let (all, some) = (Paging::default(), Paging { limit: Some(1), cursor: None });
        let query = Query { key: Some("a".to_owned()), ..Query::default() };
        for paging in [&all, &some, &all, &some] {
            memo.rows(ElementKind::Action, &query, paging, read).await.unwrap();
        }
        memo.rows(ElementKind::Flow, &query, &all, read).await.unwrap();
        assert_eq!(reads.get(), 3, "another kind, query or page is another question");
        for id in ["a", "b", "a"] {
            let none = async || {
                reads.set(reads.get() + 1);
                Ok(None)
            };
            assert!(memo.row(ElementKind::Action, &id.into(), none).await.unwrap().is_none());
        }
        assert_eq!(reads.get(), 5, "what is not there is remembered too");
    }
}
