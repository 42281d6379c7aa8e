// Calls the mock of Resource Manager with Microsoft's JavaScript client: every operation on role assignments, and the
// errors that a client distinguishes. Prints one line for each check, and exits with 1 if one fails.
// resourcemanager_npm_test.go sets the environment, which has the URLs of the mock and the credentials.
import assert from "node:assert/strict";
import { AuthorizationManagementClient } from "@azure/arm-authorization";

const env = (name) => {
  assert.ok(process.env[name], `${name} is not set`);
  return process.env[name];
};
const subscription = env("CHECK_SUBSCRIPTION");
const scope = `/subscriptions/${subscription}`;
const [user, secondUser, group, stranger] = ["CHECK_USER", "CHECK_SECOND_USER", "CHECK_GROUP", "CHECK_STRANGER"].map(env);
const owner = `${scope}/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635`;
const first = "0d6b6c8e-3f52-4f0c-9a9b-2f1f6f8f7001";
const second = "0d6b6c8e-3f52-4f0c-9a9b-2f1f6f8f7002";

async function signIn(tenant) {
  const answer = await fetch(`${env("CHECK_SIGN_IN")}/${tenant}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: env("CHECK_CLIENT_ID"),
      client_secret: env("CHECK_CLIENT_SECRET"),
      scope: "https://management.azure.com/.default",
    }),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  const { access_token: token, expires_in: seconds } = await answer.json();
  return { token, expiresOnTimestamp: Date.now() + seconds * 1000 };
}

function clientFor(tenant) {
  const options = { endpoint: env("CHECK_RESOURCE_MANAGER"), retryOptions: { maxRetries: 0 } };
  return new AuthorizationManagementClient({ getToken: () => signIn(tenant) }, subscription, options).roleAssignments;
}

const roles = clientFor(env("CHECK_TENANT"));
const parameters = (principalId, more = {}) => ({ roleDefinitionId: owner, principalId, ...more });
const names = async (pages) => {
  const found = [];
  for await (const assignment of pages) found.push(assignment.name);
  return found;
};
const refused = (promise, status, code, text) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.statusCode, status, error.message);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    return true;
  });

const checks = {
  async create() {
    const created = await roles.create(scope, first, parameters(user, { principalType: "User", description: "made by the JavaScript client" }));
    assert.equal(created.id, `${scope}/providers/Microsoft.Authorization/roleAssignments/${first}`);
    assert.equal(created.name, first);
    assert.equal(created.type, "Microsoft.Authorization/roleAssignments");
    assert.equal(created.scope, scope);
    assert.equal(created.principalId, user);
    assert.equal(created.principalType, "User");
    assert.equal(created.roleDefinitionId, owner);
    assert.equal(created.description, "made by the JavaScript client");
    assert.ok(created.createdOn instanceof Date && !Number.isNaN(created.createdOn.valueOf()));
    assert.ok(created.createdBy);
  },
  async update() {
    const updated = await roles.createById(`${scope}/providers/Microsoft.Authorization/roleAssignments/${first}`, parameters(user, { description: "changed" }));
    assert.equal(updated.description, "changed");
    assert.ok(updated.updatedOn > updated.createdOn);
  },
  async read() {
    const read = await roles.get(scope, first);
    assert.equal(read.description, "changed");
    assert.equal((await roles.getById(read.id, { tenantId: env("CHECK_TENANT") })).id, read.id);
  },
  async list() {
    const all = await names(roles.listForSubscription());
    assert.ok(all.length === 3 && all.includes(first), `${all}`); // the mock returns one per page
    assert.deepEqual(await names(roles.listForScope(scope)), all);
    assert.deepEqual(await names(roles.listForSubscription({ filter: "atScope()" })), all);
    assert.deepEqual(await names(roles.listForSubscription({ filter: `principalId eq '${user}'` })), [first]);
    assert.deepEqual(await names(roles.listForScope(scope, { filter: `assignedTo('${user}')` })), [first]);
    assert.deepEqual(await names(roles.listForScope(scope, { filter: `atScope() and assignedTo('${secondUser}')`, tenantId: env("CHECK_TENANT") })), []);
  },
  async refusals() {
    await refused(roles.create(scope, "first", parameters(secondUser)), 400, "InvalidRoleAssignmentId", /GUID/);
    await refused(roles.create(scope, second, parameters(stranger)), 400, "PrincipalNotFound", new RegExp(env("CHECK_TENANT")));
    await refused(roles.create(scope, second, parameters(group, { principalType: "User" })), 400, "UnmatchedPrincipalType", /has type 'Group'/);
    await refused(roles.create(scope, first, parameters(secondUser)), 400, "RoleAssignmentUpdateNotPermitted", /not allowed to be updated/);
    await refused(roles.create(scope, second, parameters(user)), 409, "RoleAssignmentExists", new RegExp(first.replaceAll("-", "")));
    await refused(roles.get(scope, second), 404, "RoleAssignmentNotFound", new RegExp(second));
    await refused(roles.get(`/subscriptions/${stranger}`, first), 404, "SubscriptionNotFound", new RegExp(stranger));
    await refused(clientFor(env("CHECK_OTHER_TENANT")).get(scope, first), 401, "InvalidAuthenticationTokenTenant", new RegExp(env("CHECK_OTHER_TENANT")));
  },
  async remove() {
    assert.equal((await roles.delete(scope, first)).name, first);
    assert.equal((await roles.deleteById(`${scope}/providers/Microsoft.Authorization/roleAssignments/${first}`)).name, undefined);
    await refused(roles.get(scope, first), 404, "RoleAssignmentNotFound", new RegExp(first));
  },
  async lastOwner() {
    const left = [];
    for await (const assignment of roles.listForSubscription()) left.push(assignment);
    // Delete the partner's Owner first, because the application acts with the other one.
    left.sort((a, b) => (a.principalType === "ForeignGroup" ? -1 : 1));
    assert.equal(left.length, 2);
    await roles.delete(scope, left[0].name);
    await refused(roles.delete(scope, left[1].name), 412, "CannotDeleteLastRbacAdminAssignment", /last RBAC admin assignment/);
  },
};

for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`not ok ${name}: ${error.stack}`);
    process.exitCode = 1;
  }
}
