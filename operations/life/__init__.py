"""Making, updating and destroying previews, putting them to sleep and waking them.

What each command holds, reads and undoes. *Own lock*: this command's on the machine that it is typed on, over all of
its steps. *Engine's lock*: Pulumi's on the stack in the backend, over each single update, whoever makes it, and over
each step between updates, for which this command takes it; state and owner are read again under it. *Host lock*:
``flock`` on the machine that previews run on, while slots are counted.

=============  =========  ==============  =========  =======================  ===================  ===================
command        own lock   engine's lock   host lock  refresh                  undone on failure    exit codes
=============  =========  ==============  =========  =======================  ===================  ===================
deploy         preview    each step       yes        where something has      first: all removed;  0 1 2 3 4 5
                                                     drifted, or Cloudflare   update: last good
                                                     has another record or    version put back
                                                     does not say
update         preview    each step       yes        as deploy                as deploy            as deploy
destroy        preview    each step       yes        no, from the state       no: run it again     0 1 3 4
destroy        preview    each step       no         no, from the state       no: run it again     0 1 3 4
--forget
sleep          preview    the step        yes        no                       no: run it again     0 1 3 4 6
wake           preview    the step        yes        where a container is     interrupted: asleep  0 1 3 4 5 6
                                                     gone                     again
extend         preview    the step        no         no                       nothing to undo      0 1 4 6
keep, unkeep   preview    the step        no         no                       nothing to undo      0 1 3 4 6
webhook        preview    as destroy      as         no                       as destroy           0 1 2 4
                          or keep         destroy
reap           preview,   each step       yes        no, from the state       one failure never    0 1
               no wait                               stops the others
reap --idle    as sleep, no wait          yes        no                       as sleep             0 1
demo           –          base's update   no         no                       no: run it again     0 1 2 3 4 5 7
list, status,  –          –               –          –                        –                    0 1 6
logs, lock,
credentials
history        –          –               –          –                        –                    0 1
verify         –          –               –          –                        –                    0 1 6 7
exec, psql     –          –               –          –                        –                    0 1 2 5 6, those
                                                                                                   of the program
stats          –          –               –          –                        –                    0 1 6
=============  =========  ==============  =========  =======================  ===================  ===================

A deploy or an update of which nothing but the record would change runs no engine: it writes the record into the state,
under the engine's lock. A deploy, and an update for which there is a slot, wake what sleeps under the lock under which
they take the slot. To make room for a deploy or a wake, another preview is put to sleep under its own locks, without
waiting for them.

0 done, or nothing to do · 1 failed · 2 bad input · 3 refused · 4 locked · 5 unhealthy, or not running · 6 no such
preview · 7 not fulfilled. Every command: 130, 143 and 129 interrupted by SIGINT, SIGTERM and SIGHUP, after which it
starts nothing new. A slot is taken, and a deploy undone, without being interrupted; undoing is tried three times. An
update that is made by the time of a failure or an interruption is not undone.
"""
