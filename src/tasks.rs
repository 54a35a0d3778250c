//! Spawn and wait: the one caller of `tokio::spawn`, and cancellation.

use std::future::Future;
use std::thread;

use tokio::runtime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A group of tasks that is told to stop and waited for as one.
///
/// Clones share the group; [`Tasks::child`] makes a group that stops with this
/// one but can also be stopped alone.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            tracker: self.tracker.clone(),
            stop: self.stop.child_token(),
        }
    }

    /// Runs `task` until it ends or the group is stopped, whichever is first.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Runs `task` to its end; it watches [`Tasks::stopped`] itself, to say good-bye.
    pub fn spawn_graceful(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task);
    }

    /// A group that stops with this one, and is waited for by itself.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self {
            tracker: TaskTracker::new(),
            stop: self.stop.child_token(),
        }
    }

    /// Runs `task` to its end on a thread of its own, with all that it spawns: nothing else
    /// delays it there, and one waking serves all of it. What it spawns and does not wait for
    /// ends with it.
    pub fn spawn_apart(&self, name: &str, task: impl Future<Output = ()> + Send + 'static) {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::warn!(%error, name, "a task shares its threads with others");
                return self.spawn_graceful(task);
            }
        };
        let running = self.tracker.token();
        let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime.block_on(task);
            drop(running);
        });
        if let Err(error) = started {
            tracing::error!(%error, name, "no thread for a task");
        }
    }

    pub fn stop(&self) {
        self.stop.cancel();
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Completes when the group is told to stop.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Waits until every task of the group and of its children has ended.
    pub async fn finished(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}
