//! The settings of the guard and its alarms: who may see and set them.

use async_trait::async_trait;
use domain::roles::Permission;
use wire::ApiResult;
use wire::events::DeskEvent;
use wire::session::Actor;
use wire::tolls::{TollAlarm, TollRules, TollsPort};

use super::{Tolls, check, defaults, store};
use crate::audit::{self, Entry};
use crate::db::DbError;

#[async_trait]
impl TollsPort for Tolls {
    async fn tolls(&self, actor: Actor) -> ApiResult<TollRules> {
        actor.require(Permission::Administer)?;
        let rules = store::rules(&self.0.db).await?;
        Ok(check::shown(self.0.plan, &rules.unwrap_or_else(|| defaults(self.0.plan))))
    }

    async fn save_tolls(&self, actor: Actor, typed: TollRules) -> ApiResult<TollRules> {
        actor.require(Permission::Administer)?;
        let plan = self.0.plan;
        let rules = check::rules(plan, &typed)?;
        let saved = check::shown(plan, &rules);
        let (who, now) = (actor.user, self.0.clock.now());
        let (stored, new) = (rules.clone(), saved.clone());
        self.0
            .db
            .write::<_, DbError, _>(move |tx| {
                Box::pin(async move {
                    let before = store::rules_in(tx).await?.unwrap_or_else(|| defaults(plan));
                    store::put_rules(tx, &stored, now).await?;
                    let changes = check::changes(&check::shown(plan, &before), &new);
                    if !changes.is_empty() {
                        let entry = Entry { who: Some(who), what: "tolls.saved", subject: String::new(), changes };
                        audit::record(tx, now, entry).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        self.books().rules = rules;
        self.0.changed.notify_one();
        self.0.hub.publish_all(&DeskEvent::SettingsChanged);
        Ok(saved)
    }

    async fn toll_alarms(&self, actor: Actor) -> ApiResult<Vec<TollAlarm>> {
        actor.require(Permission::SeeAllCalls)?;
        Ok(store::alarms(&self.0.db).await?)
    }
}
