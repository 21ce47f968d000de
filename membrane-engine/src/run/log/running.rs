//! A run under way, which is logged whatever becomes of it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use membrane_core::element::Place;
use membrane_core::{ElementId, Error, ErrorBody, ErrorKind, IntegrationId, Result, RunId, WorkspaceId};
use serde_json::{Map, Value};
use tokio::sync::mpsc::OwnedPermit;
use tracing::Span;
use tracing::field::Empty;

use super::attempt::Attempt;
use super::excerpt::Excerpt;
use super::{Message, Waiting, shut_down};
use crate::clock::new_id_and_time;
use crate::connect::Connected;
use crate::http::{Recorder, Target};
use crate::run::plan::Plan;
use crate::store::RunKind;

/// What runs, and on what.
pub(crate) enum Subject {
    Action(Arc<Plan>),
    Attempt(Arc<Attempt>),
    Other { kind: RunKind, name: String, connected: Arc<Connected> },
}

impl Subject {
    pub(super) fn kind(&self) -> RunKind {
        match self {
            Self::Action(_) => RunKind::Action,
            Self::Attempt(_) => RunKind::ConnectionTest,
            Self::Other { kind, .. } => *kind,
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Action(plan) => &plan.name,
            Self::Attempt(attempt) => attempt.operation,
            Self::Other { name, .. } => name,
        }
    }

    fn connected(&self) -> Option<&Connected> {
        match self {
            Self::Action(plan) => Some(&plan.connected),
            Self::Attempt(_) => None,
            Self::Other { connected, .. } => Some(connected),
        }
    }

    pub(super) fn attempt(&self) -> Option<&Attempt> {
        match self {
            Self::Attempt(attempt) => Some(attempt),
            Self::Action(_) | Self::Other { .. } => None,
        }
    }

    pub(super) fn workspace(&self) -> &WorkspaceId {
        match self {
            Self::Action(plan) => &plan.connected.workspace,
            Self::Attempt(attempt) => &attempt.workspace,
            Self::Other { connected, .. } => &connected.workspace,
        }
    }

    /// The customer and the integration.
    pub(super) fn place(&self) -> &Place {
        match self {
            Self::Action(plan) => &plan.connected.connection.place,
            Self::Attempt(attempt) => &attempt.place,
            Self::Other { connected, .. } => &connected.connection.place,
        }
    }

    /// The connection, where there is one already.
    pub(super) fn connection(&self) -> Option<&str> {
        match self {
            Self::Attempt(attempt) => attempt.connection(),
            Self::Action(_) | Self::Other { .. } => {
                self.connected().map(|connected| connected.connection.id.as_str())
            }
        }
    }

    /// What knows the secrets; an attempt to connect has none that is known from the start, and keeps no values.
    pub(super) fn target(&self) -> Option<&Target> {
        self.connected().map(|connected| &*connected.target)
    }

    /// What runs as a span shows it. The address of a proxied request is the customer's.
    fn shown(&self) -> Option<Cow<'_, str>> {
        match (self.kind(), self.target()) {
            (RunKind::Proxy, _) => None,
            (_, Some(target)) => Some(target.mask().said(self.name())),
            (_, None) => Some(Cow::Borrowed(self.name())),
        }
    }

    /// The span of the run. Without a subscriber that wants it nothing of it is worked out.
    fn span(&self, id: &RunId) -> Span {
        tracing::debug_span!(
            target: "membrane::run",
            "run",
            kind = self.kind().as_str(),
            name = self.shown().as_deref(),
            run_id = id.as_str(),
            customer = self.place().user_id.as_deref(),
            integration = self.place().integration_id.as_ref().map(IntegrationId::as_str),
            connection = self.connected().map(|connected| connected.connection.id.as_str()),
            status = Empty,
            error = Empty,
            duration_ms = Empty,
        )
    }

    pub(super) fn actions(&self) -> [Option<ElementId>; 3] {
        match self {
            Self::Action(plan) => plan.actions.clone(),
            Self::Attempt(_) | Self::Other { .. } => [None, None, None],
        }
    }
}

/// A run that ended, as it came off the hot path: nothing is masked yet.
pub(super) struct Finished {
    pub(super) id: RunId,
    pub(super) subject: Subject,
    pub(super) input: Option<Excerpt>,
    pub(super) meta: Option<Excerpt>,
    pub(super) outcome: Outcome,
    pub(super) started_at: Timestamp,
    pub(super) duration: Duration,
    pub(super) recorder: Arc<Recorder>,
    /// About how much memory it takes, once it ended.
    pub(super) bytes: usize,
}

/// How a run ended.
pub(super) enum Outcome {
    Error(Box<ErrorBody>),
    /// With what came out of it, where that is kept.
    Success(Option<Excerpt>),
    /// Nobody waited for the end; what the app did is not known.
    Unknown,
}

impl Finished {
    pub(super) fn begun(subject: Subject, input: &Value, meta: Option<&Map<String, Value>>) -> Self {
        let (id, started_at) = new_id_and_time();
        Self {
            id: id.into(),
            subject,
            input: (!input.is_null()).then(|| Excerpt::of(input)),
            meta: meta.map(Excerpt::of_map),
            outcome: Outcome::Unknown,
            started_at,
            duration: Duration::ZERO,
            recorder: Arc::new(Recorder::new()),
            bytes: 0,
        }
    }

    /// About how much memory it takes.
    fn size(&self) -> usize {
        let output = match &self.outcome {
            Outcome::Success(Some(output)) => output.kept(),
            Outcome::Error(error) => error.message.len() + error.data.as_ref().map_or(0, text_length),
            Outcome::Success(None) | Outcome::Unknown => 0,
        };
        let name = self.subject.name().len();
        size_of::<Self>()
            + name
            + self.input.as_ref().map_or(0, Excerpt::kept)
            + self.meta.as_ref().map_or(0, Excerpt::kept)
            + output
            + self.recorder.kept_bytes()
    }

    /// The error that is shown of it.
    pub(super) fn error(&self) -> Option<ErrorBody> {
        match &self.outcome {
            Outcome::Error(error) => Some((**error).clone()),
            Outcome::Success(_) => None,
            Outcome::Unknown => Some(ErrorBody::from(
                &Error::new(
                    ErrorKind::Timeout,
                    if self.recorder.is_empty() {
                        "the caller stopped waiting before anything was sent to the app"
                    } else {
                        "the caller stopped waiting before the run ended; whether the app did it is not known"
                    },
                )
                .with("actionRunId", &self.id),
            )),
        }
    }
}

/// Bytes of the texts in a value.
fn text_length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(text_length).sum(),
        Value::Object(map) => map.iter().map(|(name, value)| name.len() + text_length(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// A run under way. Dropping it logs that its outcome is not known.
pub(crate) struct Running {
    /// Present until the run is handed to the log.
    state: Option<(OwnedPermit<Message>, Box<Finished>)>,
    id: RunId,
    waiting: Arc<Waiting>,
    recorder: Arc<Recorder>,
    since: Instant,
    span: Span,
}

impl Running {
    pub(super) fn new(place: OwnedPermit<Message>, waiting: Arc<Waiting>, run: Finished) -> Self {
        let (id, recorder) = (run.id.clone(), Arc::clone(&run.recorder));
        let span = run.subject.span(&id);
        Self { state: Some((place, Box::new(run))), id, waiting, recorder, since: Instant::now(), span }
    }

    /// The run.
    pub(crate) fn id(&self) -> &RunId {
        &self.id
    }

    /// What records the run's exchanges.
    pub(crate) fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    /// What the run is to be carried out in.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Logs how the run ended, with its output where that says more than the exchanges do.
    pub(crate) fn end(mut self, outcome: Result<Option<&Value>, &Error>) {
        self.hand_over(match outcome {
            Ok(output) => Outcome::Success(output.map(Excerpt::of)),
            Err(error) => Outcome::Error(Box::new(error.into())),
        });
    }

    fn hand_over(&mut self, outcome: Outcome) {
        if let Some((place, mut run)) = self.state.take() {
            run.outcome = outcome;
            run.duration = self.since.elapsed();
            run.bytes = run.size();
            self.tell(&run);
            self.waiting.add(run.bytes);
            if place.send(Message::Run(run)).is_closed() {
                self.waiting.lose(1, &shut_down());
            }
        }
    }
}

impl Running {
    /// Says in the span how the run ended.
    fn tell(&self, run: &Finished) {
        if self.span.is_disabled() {
            return;
        }
        self.span.record(
            "status",
            match &run.outcome {
                Outcome::Success(_) => "success",
                Outcome::Error(_) => "error",
                Outcome::Unknown => "unknown",
            },
        );
        if let Outcome::Error(error) = &run.outcome {
            self.span.record("error", error.kind.as_deref());
        }
        if let Some(attempt) = run.subject.attempt() {
            self.span.record("connection", attempt.connection());
        }
        self.span.record("duration_ms", u64::try_from(run.duration.as_millis()).unwrap_or(u64::MAX));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.hand_over(Outcome::Unknown);
    }
}
