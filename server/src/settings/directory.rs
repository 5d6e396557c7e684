//! The settings as other slices ask for them.

use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{ExtensionId, FileId, QueueId, UserId};
use domain::phone::E164;
use ipnet::IpNet;
use wire::events::QueueName;
use wire::session::MyExtension;
use wire::settings::{CallRules, Presentation};
use wire::{ApiError, ApiResult};

use super::service::SettingsService;
use super::store::{self, NumberRow};
use crate::db::{DbError, parse};
use crate::interactions::{self, Names};
use crate::routing::{Plan, Queues};
use crate::telephony::directory::{Directory, Line, OurNumber, Queue, Trunk};

impl SettingsService {
    /// The extension assigned to a user, with its number.
    ///
    /// # Errors
    /// The database failed.
    pub async fn my_extension(&self, user: UserId) -> ApiResult<Option<MyExtension>> {
        let row = store::extension_of(self.db(), user).await?;
        row.map(|(id, number)| Ok(MyExtension { id: parse("extensions.id", &id)?, number })).transpose()
    }

    /// How every desk handles calls.
    ///
    /// # Errors
    /// The database failed.
    pub async fn rules_of_calls(&self) -> ApiResult<CallRules> {
        Ok(store::call_rules(self.db()).await?)
    }

    /// Which queues play music of their own, and which.
    ///
    /// # Errors
    /// The database failed.
    pub async fn queue_music(&self) -> ApiResult<Vec<(QueueId, FileId)>> {
        Ok(store::queue_music(self.db()).await?)
    }
}

#[async_trait]
impl Directory for SettingsService {
    async fn trunks(&self) -> ApiResult<Vec<Trunk>> {
        let mut trunks = Vec::new();
        for (trunk, sealed) in store::active_trunks(self.db()).await? {
            let password = match sealed.map(|sealed| self.vault().open(&sealed)) {
                Some(Ok(password)) => Some(password),
                Some(Err(error)) => {
                    tracing::error!(trunk = %trunk.name, %error, "the trunk's password cannot be opened: enter it again");
                    None
                }
                None => None,
            };
            trunks.push(Trunk {
                id: trunk.id,
                name: trunk.name,
                host: trunk.host,
                port: trunk.port,
                second_host: trunk.second_host,
                transport: trunk.transport,
                registers: trunk.registers,
                credentials: trunk.username.zip(password),
                sources: trunk.sources.iter().filter_map(|source| network(source)).collect(),
                codecs: trunk.codecs,
                max_calls: trunk.max_calls,
                line: None,
                trusts_identity: trunk.trusts_identity,
                presents: trunk.presents,
            });
        }
        Ok(trunks)
    }

    async fn number(&self, number: &E164) -> ApiResult<Option<OurNumber>> {
        let row = store::number(self.db(), number).await?;
        Ok(row.map(|row| our_number(&row)).transpose()?)
    }

    async fn queue(&self, queue: QueueId) -> ApiResult<Option<Queue>> {
        let queue = store::queue(self.db(), queue).await?;
        Ok(queue.map(|queue| Queue {
            id: queue.id,
            name: queue.name,
            may_answer: queue.may_answer,
            ring_for: Duration::from_secs(queue.ring_seconds.into()),
        }))
    }

    async fn caller_numbers(&self, user: UserId) -> ApiResult<Vec<OurNumber>> {
        let rows = store::granted(self.db(), user).await?;
        Ok(rows.iter().map(our_number).collect::<Result<_, DbError>>()?)
    }

    async fn extension_of(&self, user: UserId) -> ApiResult<Option<ExtensionId>> {
        Ok(self.my_extension(user).await?.map(|extension| extension.id))
    }

    async fn lines(&self) -> ApiResult<Vec<Trunk>> {
        let mut lines = Vec::new();
        for (extension, sealed) in store::extensions(self.db()).await? {
            let (Some(user), Some(account)) = (extension.user, extension.account) else { continue };
            let password = match sealed.map(|sealed| self.vault().open(&sealed)) {
                Some(Ok(password)) => Some(password),
                Some(Err(error)) => {
                    tracing::error!(extension = %extension.number, %error, "the account's password cannot be opened: enter it again");
                    None
                }
                None => None,
            };
            let auth = account.auth_username.unwrap_or_else(|| account.username.clone());
            lines.push(Trunk {
                id: Line::trunk(extension.id),
                name: extension.number.clone(),
                host: account.host,
                port: Some(account.port),
                second_host: None,
                transport: account.transport,
                registers: true,
                credentials: password.map(|password| (auth, password)),
                sources: Vec::new(),
                codecs: account.codecs,
                max_calls: 1,
                // Its exchange knows who we are, and its callers claim what they like.
                trusts_identity: false,
                presents: Presentation::From,
                line: Some(Line {
                    extension: extension.id,
                    number: extension.number,
                    user,
                    username: account.username,
                    domain: account.domain,
                    ring_for: Duration::from_secs(account.ring_seconds.into()),
                    outside_prefix: account.outside_prefix,
                }),
            });
        }
        Ok(lines)
    }
}

#[async_trait]
impl Queues for SettingsService {
    async fn plan(&self, queue: QueueId) -> Result<Option<Plan>, ApiError> {
        let queue = store::queue(self.db(), queue).await?;
        Ok(queue.map(|queue| Plan {
            rule: queue.rule,
            members: queue.members,
            ring_for: Duration::from_secs(queue.ring_seconds.into()),
        }))
    }

    async fn of_member(&self, user: UserId) -> Result<Vec<QueueName>, ApiError> {
        let queues = store::queues_of(self.db(), user).await?;
        Ok(queues.into_iter().map(|(id, name)| QueueName { id, name }).collect())
    }
}

fn our_number(row: &NumberRow) -> Result<OurNumber, DbError> {
    Ok(OurNumber {
        id: parse("numbers.id", &row.id)?,
        number: row.e164()?,
        label: row.label.clone(),
        trunk: row.trunk()?,
        queue: row.queue()?,
    })
}

/// A network, or one address as the network of itself.
fn network(source: &str) -> Option<IpNet> {
    source.parse().ok().or_else(|| source.parse().map(|address: std::net::IpAddr| address.into()).ok())
}

#[async_trait]
impl interactions::Surroundings for SettingsService {
    async fn queues_of(&self, user: UserId) -> ApiResult<Vec<QueueId>> {
        Ok(store::queues_of(self.db(), user).await?.into_iter().map(|(id, _)| id).collect())
    }

    async fn names(&self) -> ApiResult<Names> {
        let (users, queues) = store::names(self.db()).await?;
        Ok(Names { users: users.into_iter().collect(), queues: queues.into_iter().collect() })
    }
}
