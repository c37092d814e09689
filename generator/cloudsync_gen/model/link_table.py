"""The rows of the link registry, one a line: name | sources | field path | targets | inverse.

Types are `layer.type`, `layer.*`, or a group of `GROUPS`. `:permission` after a path: the value is
written `resource:action`; `:ref`: as a `$ref` with a path and a pointer. Names of fields follow the catalogue of Documentation Robotics spec 0.2.0
where it has one.
"""

from __future__ import annotations

GROUPS = """
@performed | application.command application.query
@schema | data_model.entity data_model.value data_model.message data_model.payload data_model.enumeration
@data | data_model.entity data_model.value data_model.message data_model.payload
@callable | api.operation api.rpc api.field
@stored | datastore.table datastore.collection datastore.wide-table datastore.columnar-table datastore.index datastore.key-pattern datastore.bucket
@aligned | business.domain business.service business.process application.service application.saga technology.*
@ux | ux.screen navigation.route
"""

TABLE = """
# motivation
goal-stakeholder | motivation.goal | stakeholders[] | motivation.stakeholder | goals
goal-outcome | motivation.goal | outcomes[] | motivation.outcome | expectedBy
requirement-goal | motivation.requirement | goals[] | motivation.goal | requirements
requirement-constraint | motivation.requirement | constrainedBy[] | motivation.constraint | constrains
value-stakeholder | motivation.value | stakeholders[] | motivation.stakeholder | values
outcome-goal | motivation.outcome | goal | motivation.goal | provenBy
# upward alignment
supports-goal | @aligned | motivation.supports-goals[] | motivation.goal | supportedBy
fulfills-requirement | @aligned | motivation.fulfills-requirements[] | motivation.requirement | fulfilledBy
governed-by-principle | @aligned | motivation.governed-by-principles[] | motivation.principle | governs
constrained-by | @aligned | motivation.constrained-by[] | motivation.constraint | constrainsElement
delivers-value | @aligned | motivation.delivers-value[] | motivation.value | deliveredBy
ux-supports-goal | @ux | motivationAlignment.supportsGoals[] | motivation.goal | supportedByUx
ux-fulfills-requirement | @ux | motivationAlignment.fulfillsRequirements[] | motivation.requirement | fulfilledByUx
ux-enforces-requirement | @ux | motivationAlignment.enforcesRequirement | motivation.requirement | enforcedByUx
ux-governed-by-principle | @ux | motivationAlignment.governedByPrinciples[] | motivation.principle | governsUx
ux-delivers-value | @ux | motivationAlignment.deliversValue[] | motivation.value | deliveredByUx
metric-contributes-to-goal | apm.metric apm.slo | motivationMapping.contributesToGoal | motivation.goal | contributions
metric-measures-outcome | apm.metric apm.slo | motivationMapping.measuresOutcome | motivation.outcome | measuredBy
apm-fulfills-requirement | apm.metric apm.slo | motivationMapping.fulfillsRequirements[] | motivation.requirement | shownBy
apm-governed-by-principle | apm.metric apm.slo | motivationMapping.governedByPrinciples[] | motivation.principle | governsMeasurement
measures-goal | apm.metric | measuresGoal[] | motivation.goal | metrics
# business
actor-stakeholder | business.actor | stakeholder | motivation.stakeholder | actors
domain-owner | business.domain | owner | business.actor | ownsDomain
context-map | business.domain | contextMap[].downstream | business.domain | upstream
business-service-domain | business.service | domain | business.domain | businessServices
business-object-domain | business.object | domain | business.domain | businessObjects
process-service | business.process | services[] | business.service | processes
process-step-service | business.process | steps[].service | application.service | processSteps
process-step-performs | business.process | steps[].performs | @performed | performedIn
process-control | business.process | securityControls[] | security.control | protectsProcess
business-metric | business.service business.process application.service | apm.business-metrics[] | apm.metric | businessMetricOf
# security
model-control | security.model | controls[] | security.control | model
model-fulfills-requirement | security.model | fulfillsRequirements[] | motivation.requirement | fulfilledBySecurity
control-requirement | security.control | mitigatedRequirements[] | motivation.requirement | mitigatedBy
role-permission | security.role | permissions[] :permission | security.resource | grantedTo
role-related-permission | security.role | relatedPermissions[] :permission | security.resource | grantedToRelated
role-inherits | security.role | inherits[] | security.role | inheritedBy
resource-classification | security.resource | classification | security.classification | resources
resource-service | security.resource | archimateRef | application.service | resources
policy-role | security.policy | roles[] | security.role | policies
policy-resource | security.policy | resources[] | security.resource | policies
policy-permission | security.policy | permissions[] :permission | security.resource | policiesOfAction
# application
service-domain | application.service | domain | business.domain | services
service-owner | application.service | owner | business.actor | ownsService
realizes | application.service | realizes[] | business.service | realizedBy
uses-store | application.service | stores[].store | datastore.database datastore.keyspace @stored | usedBy
calls | application.service | calls[].operation | api.operation api.rpc | calledBy
calls-during | application.service | calls[].during[] | application.command application.query | makesCallsOf
registry-calls | application.service | registry.calls[].operation | api.rpc | registryOf
flag-evaluation | application.service | flagProvider.evaluate.operation | api.rpc | decidesFlagsFor
flag-watch | application.service | flagProvider.watch.operation | api.rpc | tellsOfFlagsFor
flag-steers | application.service | flags[].during[] | application.command application.query | steeredByFlagsOf
configuration-watch | application.service | configurationProvider.watch.operation | api.rpc | tellsOfConfigurationFor
configuration-get | application.service | configurationProvider.get.operation | api.rpc | tellsConfigurationFor
secret-get | application.service | secretProvider.get | api.rpc | handsOutSecretsFor
secret-prove | application.service | secretProvider.prove.operation | api.rpc | provesSecretsTo
queued-calls-topic | application.service | calls[].fallback.topic | technology.topic | queuedCalls
consumes-event | application.service | consumes[].event | application.event | consumers
collects-domain | application.service | collects[].domains[] | business.domain | collectors
event-collected-by | application.service | collects[].command | application.command | triggeredByCollected
takes-from-queue | application.service | queues[].queue | technology.queue | workers
queue-handled-by | application.service | queues[].command | application.command | triggeredByQueue
sends-to-queue | application.service | sends[].queue | technology.queue | senders
event-handled-by | application.service | consumes[].command | application.command | triggeredByEvent
placed-in-region | application.service | placement.regions[] | technology.region | hosts
placed-in-namespace | application.service | placement.namespace | technology.namespace | hosts
placed-on-node-pool | application.service | placement.nodePool | technology.node-pool | hosts
aggregate-service | application.aggregate | service | application.service | aggregates
aggregate-schema | application.aggregate | schema | data_model.entity | aggregate
aggregate-store | application.aggregate | store | @stored | stores
aggregate-part-of | application.aggregate | partOf.aggregate | application.aggregate | parts
aggregate-reference | application.aggregate | references[].aggregate | application.aggregate | referencedBy
relation-through | application.aggregate | relations[].through | application.aggregate | relates
lifecycle-aggregate | application.lifecycle | aggregate | application.aggregate | lifecycle
transition-command | application.lifecycle | transitions[].command | application.command | transitions
transition-role | application.lifecycle | transitions[].roles[] | security.role | mayTransition
invariant-aggregate | application.invariant | aggregate | application.aggregate | invariants
performed-by-service | @performed | service | application.service | performs
performed-on-aggregate | @performed | aggregate | application.aggregate | performedOn
input-schema | @performed | input | @schema | inputOf
output-schema | @performed | output | @schema | outputOf
requires-permission | @performed | permission :permission | security.resource | requiredBy
requirement-counts | application.command | requires[].count.aggregate | application.aggregate | countedBy
emits-event | application.command | emits[] | application.event | emittedBy
reads-from | application.query | readsFrom | @stored | readBy
event-producer | application.event | service | application.service | publishes
event-aggregate | application.event | aggregate | application.aggregate | events
event-topic | application.event | topic | technology.topic | events
event-payload | application.event | payload | data_model.payload | payloadOf
saga-topic | application.saga | topic | technology.topic | sagaLog
saga-trigger | application.saga | trigger | application.event | startsSaga
saga-step-service | application.saga | steps[].service | application.service | sagaSteps
saga-step-command | application.saga | steps[].command | application.command | sagaStepOf
saga-step-on | application.saga | steps[].on | application.event | advancesSaga
saga-compensation | application.saga | steps[].compensation | application.command | compensates
saga-completes-on | application.saga | completesOn | application.event | completesSaga
saga-fails-on | application.saga | failsOn[] | application.event | failsSaga
saga-process | application.saga | process | business.process | sagas
# technology
region-failover | technology.region | failsOverTo | technology.region | takesOverFor
cluster-region | technology.cluster | region | technology.region | clusters
cluster-mesh | technology.cluster | mesh | technology.mesh | clusters
namespace-cluster | technology.namespace | clusters[] | technology.cluster | namespaces
node-pool-cluster | technology.node-pool | clusters[] | technology.cluster | nodePools
node-pool-size | technology.node-pool | sizes[].cluster | technology.cluster | nodePoolSizes
platform-region | technology.store technology.broker technology.object-storage technology.edge | regions[] | technology.region | provides
topic-broker | technology.topic | broker | technology.broker | topics
topic-dead-letter | technology.topic | deadLetter | technology.topic | deadLetterOf
queue-broker | technology.queue | broker | technology.broker | queues
queue-dead-letter | technology.queue | deadLetter | technology.queue | deadLetterOf
platform-control | technology.edge technology.mesh | controls[] | security.control | implementedBy
# api
gateway-edge | api.gateway | edge | technology.edge | gateway
webhook-sender | api.gateway | webhookDelivery.service | application.service | deliversWebhooksOf
contract-service | api.rest-api | x-archimate-ref | application.service | contracts
contract-business-service | api.rest-api | x-business-service-ref | business.service | contracts
contract-principle | api.rest-api | x-governed-by-principles[] | motivation.principle | governsContract
grpc-service | api.grpc-service | service | application.service | contracts
graphql-service | api.graphql-api | service | application.service | contracts
operation-command | api.operation | x-command | @performed | operations
operation-goal | api.operation | x-supports-goals[] | motivation.goal | supportedByOperation
operation-requirement | api.operation | x-fulfills-requirements[] | motivation.requirement | fulfilledByOperation
operation-metric | api.operation | x-apm-business-metrics[] | apm.metric | operationMetricOf
rpc-command | api.rpc | command | @performed | rpcs
field-resolves | api.field | resolves | api.operation api.rpc | resolvedBy
join-resolves | api.join | resolves | api.operation api.rpc | joinedBy
field-performs | api.field | performs | @performed | rootFields
field-follows | api.field | follows | application.event | followedBy
webhook-event | api.webhook | x-event | application.event | webhooks
# data model
schema-service | data_model.* | x-archimate-ref | application.service | schemas
schema-business-object | data_model.* | x-business-object-ref | business.object | representedBy
schema-classification | data_model.* | x-security-classification | security.classification | schemas
schema-principle | data_model.* | x-data-governance.governedBy.principleRefs[] | motivation.principle | governsData
schema-requirement | data_model.* | x-data-governance.governedBy.requirementRefs[] | motivation.requirement | governsSchema
schema-constraint | data_model.* | x-data-governance.governedBy.constraintRefs[] | motivation.constraint | constrainsData
refers-to-schema | data_model.* api.operation api.webhook | **.$ref :ref | data_model.* | referredToBy
# datastore
database-store | datastore.database | store | technology.store | databases
database-schema-service | datastore.database | schemas[].service | application.service | databaseSchemas
stored-in-database | datastore.table datastore.collection | database | datastore.database | contains
stores-schema | datastore.* | x-json-schema | @data | storedIn
foreign-key | datastore.table | foreignKeys[].table | datastore.table | referencedByTable
table-requirement | datastore.table | x-governed-by-requirements[] | motivation.requirement | governsTable
table-metric | datastore.table | x-apm-performance-metrics[] | apm.metric | measuresTable
written-by | datastore.collection datastore.keyspace datastore.columnar-table datastore.index datastore.key-pattern datastore.bucket | service | application.service | writes
keyspace-store | datastore.keyspace datastore.columnar-table datastore.index datastore.key-pattern | store | technology.store | holds
wide-table-keyspace | datastore.wide-table | keyspace | datastore.keyspace | tables
bucket-storage | datastore.bucket | storage | technology.object-storage | buckets
# ux and navigation
application-audience | ux.application | audience[] | business.actor | usesApplication
application-owner | ux.application | owner | business.actor | ownsApplication
application-security | ux.application | securityModel | security.model | applications
screen-application | ux.screen | application | ux.application | screens
ux-operation | ux.screen ux.component | operations[] | @callable | usedByUx
screen-component | ux.screen | components[] | ux.component | screens
ux-required-role | ux.screen ux.component | security.requiredRoles[] | security.role | maySee
ux-required-permission | ux.screen ux.component | security.requiredPermissions[] :permission | security.resource | neededByUx
ux-process | @ux | business.supportsProcesses[] | business.process | supportedByUx
ux-business-service | @ux | business.realizesServices[] | business.service | realizedByUx
ux-realizes-process | @ux | business.realizesProcess | business.process | realizedByUx
ux-actor | @ux | business.targetActors[] | business.actor | targetOf
screen-metric | ux.screen | apm.measuredByMetrics[] | apm.metric | measuresScreen
component-schema | ux.component | dataBinding.schemaRef | @schema | shownBy
route-screen | navigation.route | screen | ux.screen | routes
route-service | navigation.route | service | application.service | routes
route-contract | navigation.route | contracts[] | api.rest-api api.graphql-api api.grpc-service | routes
route-role | navigation.route | guard.requiredRoles[] | security.role | mayEnter
route-permission | navigation.route | guard.requiredPermissions[] :permission | security.resource | neededByRoute
flow-route | navigation.flow | steps[].route | navigation.route | flows
flow-operation | navigation.flow | steps[].operation | @callable | flows
flow-process | navigation.flow | realizesProcess | business.process | flows
flow-metric | navigation.flow | analytics.funnelMetrics[] | apm.metric | measuresFlow
flow-goal | navigation.flow | analytics.conversionGoal | motivation.goal | flows
# apm
measures-service | apm.metric apm.sli apm.slo apm.trace apm.log apm.alert | service | application.service | observedBy
measures-operation | apm.metric apm.sli | operations[] | api.operation api.rpc | measuredBy
sli-metric | apm.sli | metric | apm.metric | indicators
slo-sli | apm.slo | sli | apm.sli | objectives
sla-slo | apm.sla | slos[] | apm.slo | promisedBy
trace-instruments | apm.trace | instruments[] | api.operation api.rpc application.command application.event | tracedBy
log-masks | apm.log | masked[] | security.classification | maskedIn
alert-owner | apm.alert | owner | business.actor | woken
alert-slo | apm.alert | slo | apm.slo | alerts
alert-metric | apm.alert | metrics[] | apm.metric | alerts
alert-dashboard | apm.alert | dashboard | apm.dashboard | alerts
dashboard-service | apm.dashboard | services[] | application.service | dashboards
dashboard-metric | apm.dashboard | panels[].metric | apm.metric | panels
dashboard-slo | apm.dashboard | slos[] | apm.slo | dashboards
experiment-target | apm.experiment | targets[] | application.service technology.* | experiments
experiment-stops-on | apm.experiment | stopsOn[] | apm.alert | stopsExperiment
"""
