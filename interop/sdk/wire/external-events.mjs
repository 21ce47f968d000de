// Subscriptions to events of apps, which enabled flows hold.

import assert from 'node:assert/strict';
import { notFound } from '../support.mjs';

const operations = ['setup', 'subscribe', 'unsubscribe', 'resubscribe', 'refresh-webhook', 'pull-events'];
const calls = [
  'GET /external-event-subscriptions',
  'GET /external-event-subscriptions?connectionId',
  'GET /external-event-subscriptions/:s',
  ...operations.map((operation) => `POST /external-event-subscriptions/:s/${operation}`),
];

function checks(check, { tag, manager, client, other, tasks }) {
  let subscription;

  check('an enabled flow with a data trigger holds one', async () => {
    const key = `listen-${tag}`;
    const nodes = { made: { type: 'data-record-created-trigger', config: { dataSource: { collectionKey: 'tasks' } } } };
    await manager.integration('taskly').flows.create({ name: 'Listen', key, nodes });
    await client.connection(tasks).flow(key).create();
    await client.connection(tasks).flow(key).enable();
    const { items } = await client.externalEventSubscriptions().find({ connectionId: tasks });
    subscription = items.find(({ config }) => config.type === 'data-record-created');
    assert.ok((await client.externalEventSubscriptions().find()).items.length > 0);
    assert.deepEqual((await other.externalEventSubscriptions().find()).items, []);
  });
  check('get, setup, subscribe, pullEvents, refreshWebhook, resubscribe, unsubscribe', async () => {
    const one = client.externalEventSubscription(subscription.id);
    for (const call of ['setup', 'subscribe', 'pullEvents', 'refreshWebhook', 'resubscribe']) {
      await one[call]();
      assert.equal((await one.get()).status, 'subscribed', call);
    }
    await one.unsubscribe();
    assert.equal((await one.get()).status, 'unsubscribed');
    await notFound(() => other.externalEventSubscription(subscription.id).get());
    await notFound(() => other.externalEventSubscription(subscription.id).subscribe());
  });
}

export const externalEvents = {
  subject: 'external events',
  calls,
  checks,
  methods: ['ExternalEventSubscriptionAccessor.', 'ExternalEventSubscriptionsAccessor.'],
};
