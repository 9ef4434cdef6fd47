extension Template {
    static let jobsText = """
        {{<layout}}{{$content}}
        {{> filters}}
        {{#empty(groups)}}<p class="lead">{{emptyWords}}</p>{{/empty(groups)}}
        {{^empty(groups)}}
        <table>
        <caption>The same trouble together, the largest group first</caption>
        <thead><tr><th scope="col">Trouble</th><th scope="col" class="n">Jobs</th><th scope="col">Queue</th>
        <th scope="col">State</th><th scope="col">Oldest</th><th scope="col">Newest</th><th scope="col">Act</th></tr></thead>
        <tbody>
        {{#groups}}
        <tr><th scope="row"><a href="{{link}}">{{count}} × {{words}}</a></th><td class="n" data-label="Jobs">{{count}}</td>
        <td data-label="Queue">{{queue}}</td><td data-label="State">{{state}}</td>
        <td data-label="Oldest"><time datetime="{{oldest.iso}}">{{oldest.text}}</time>
        <span class="w">({{oldest.age}})</span></td>
        <td data-label="Newest"><time datetime="{{newest.iso}}">{{newest.text}}</time></td>
        <td>{{#replayLink}}<a class="button quiet" href="{{replayLink}}">Replay these</a>{{/replayLink}}</td></tr>
        {{/groups}}
        </tbody>
        </table>
        {{^empty(members)}}
        <table>
        <caption>One by one, in the order they came</caption>
        <thead><tr><th scope="col">Job</th><th scope="col">Trouble</th><th scope="col">Detail</th>
        <th scope="col">Practice</th><th scope="col" class="n">Attempts</th><th scope="col">Since</th></tr></thead>
        <tbody>
        {{#members}}
        <tr><th scope="row"><a class="w" href="{{link}}">Job {{id}}</a></th><td data-label="Trouble">{{what}}</td>
        <td data-label="Detail">{{detail}}</td><td data-label="Practice">{{practice}}</td>
        <td class="n" data-label="Attempts">{{attempts}}</td>
        <td data-label="Since"><time datetime="{{since.iso}}">{{since.text}}</time>
        <span class="w">({{since.age}})</span></td></tr>
        {{/members}}
        </tbody>
        </table>
        {{#next}}<p><a class="button quiet" href="{{next}}">Next page</a></p>{{/next}}
        {{/empty(members)}}
        {{/empty(groups)}}
        <p><a href="/decisions">What people have decided</a>, and taking it back.</p>
        {{/content}}{{/layout}}
        """

    static let jobText = """
        {{<layout}}{{$content}}
        <p class="lead"><span class="tag {{#isDecidable}}care{{/isDecidable}}">{{#isDecidable}}▲ {{/isDecidable}}{{state}}</span> {{what}}.</p>
        {{#followers}}<p class="warning"><strong>Order is kept.</strong> {{followers}} for this one.</p>{{/followers}}
        <dl>{{#facts}}<dt>{{name}}</dt><dd>{{value}}</dd>{{/facts}}</dl>
        {{#isDecidable}}
        <h2>Do something about it</h2>
        {{#question}}
        <form method="post" action="/jobs/{{job}}/decide" class="card">
        <input type="hidden" name="csrf" value="{{frame.csrf}}">
        <h3>Which appointment is meant?</h3>
        <fieldset><legend>The message bears no id that tells. It is applied to the one you choose, and so is every later
        message that asks the same.</legend>
        {{#candidates}}
        <p><label><input type="radio" name="appointment" value="{{id}}" required> {{words}}</label></p>
        {{/candidates}}
        <p><label><input type="radio" name="appointment" value="new" required> None of these: a new one</label></p>
        </fieldset>
        <p><label for="decide-reason">Reason, which is kept with your name</label>
        <input id="decide-reason" name="reason" maxlength="1000" required autocomplete="off"></p>
        <p><button type="submit">Decide</button></p>
        </form>
        {{/question}}
        <div class="acts">
        <form method="post" action="/jobs/replay" class="card">
        <input type="hidden" name="csrf" value="{{frame.csrf}}">
        <input type="hidden" name="id" value="{{id}}">
        <input type="hidden" name="seen" value="{{seen}}">
        <h3>Replay</h3>
        <p>Puts this one job back in line, in its old place. Do it when what stopped it is mended.</p>
        <p><button type="submit">Replay this job</button></p>
        </form>
        <form method="post" action="/jobs/{{id}}/discard" class="card">
        <input type="hidden" name="csrf" value="{{frame.csrf}}">
        <h3>Discard</h3>
        <p>The message stays in the journal; its work is never done.</p>
        <p><label for="discard-reason">Reason</label>
        <input id="discard-reason" name="reason" maxlength="1000" required autocomplete="off"></p>
        <p><button class="danger" type="submit">Discard this job</button></p>
        </form>
        </div>
        {{/isDecidable}}
        {{#messageLink}}<h2>Its message</h2><p><a href="{{messageLink}}">The message with its outcomes</a></p>{{/messageLink}}
        {{#structure}}{{> structure}}
        {{#messageLink}}
        <form method="post" action="{{messageLink}}/reveal" class="card narrow">
        <input type="hidden" name="csrf" value="{{frame.csrf}}">
        <h3>Reveal the values</h3>
        <p><label for="reveal-reason">Reason, which is kept with your name</label>
        <input id="reveal-reason" name="reason" maxlength="1000" required autocomplete="off"></p>
        <p><button class="quiet" type="submit">Reveal</button></p>
        </form>
        {{/messageLink}}
        {{/structure}}
        {{/content}}{{/layout}}
        """

    static let replayText = """
        {{<layout}}{{$content}}
        {{#isEmpty}}<p class="lead">Nothing is left to replay here.</p>{{/isEmpty}}
        {{^isEmpty}}
        <p class="lead">This puts <strong>{{countWords}}</strong> back in line, in the order they first came.</p>
        <ul>
        {{#targets}}<li><strong>{{count}}</strong> in <code>{{queue}}</code>: they {{words}}.</li>{{/targets}}
        </ul>
        {{#hasFollowers}}<p>{{followers}} for them, and follow in order.</p>{{/hasFollowers}}
        <form method="post" action="/jobs/replay">
        <input type="hidden" name="csrf" value="{{frame.csrf}}">
        {{#fields}}<input type="hidden" name="{{name}}" value="{{value}}">{{/fields}}
        <p><button type="submit">Replay {{countWords}}</button> <a class="button quiet" href="{{back}}">Do not</a></p>
        </form>
        {{/isEmpty}}
        {{/content}}{{/layout}}
        """

    /// A message's segments; expects a `MessageStructure` in reach.
    static let structureText = """
        {{#isReadable}}
        <table>
        <caption>{{^isRevealed}}Which fields are there ({{size}}). Values are masked, but for where the message is from and
        what it is.{{/isRevealed}}{{#isRevealed}}Every value ({{size}}). That you have looked is on record.{{/isRevealed}}</caption>
        <thead><tr><th scope="col">Segment</th><th scope="col">Fields there</th><th scope="col">Values</th></tr></thead>
        <tbody>
        {{#segments}}
        <tr><th scope="row">{{position}}. {{name}}</th><td data-label="Fields there">{{fields}}</td>
        <td data-label="Values">{{#values}}<code>{{path}}</code> {{text}}<br>{{/values}}</td></tr>
        {{/segments}}
        </tbody>
        </table>
        {{/isReadable}}
        {{^isReadable}}<p>{{fault}} It has {{size}}.</p>{{/isReadable}}
        {{#raw}}<h3>As it came</h3><pre>{{raw}}</pre>{{/raw}}
        """

    static let messagesText = """
        {{<layout}}{{$content}}
        <form method="get" action="/messages" class="card search">
        <p><label for="control">Control id</label><input id="control" name="control" value="{{control}}" autocomplete="off"></p>
        <p><label for="feed">Feed</label><input id="feed" name="feed" value="{{feed}}" autocomplete="off"></p>
        <p><label for="type">Type, such as SIU^S12</label><input id="type" name="type" value="{{type}}" autocomplete="off"></p>
        <p><button type="submit">Search</button> <a class="button quiet" href="/messages">Clear</a></p>
        </form>
        {{#empty(rows)}}<p class="lead">{{emptyWords}}</p>{{/empty(rows)}}
        {{^empty(rows)}}
        <table>
        <caption>{{caption}}</caption>
        <thead><tr><th scope="col">When</th><th scope="col">Feed</th><th scope="col">Type</th>
        <th scope="col">Control id</th><th scope="col">Practice</th><th scope="col">What became of it</th></tr></thead>
        <tbody>
        {{#rows}}
        <tr><th scope="row"><a href="{{link}}"><time datetime="{{at.iso}}">{{at.text}}</time></a></th>
        <td data-label="Feed">{{feed}} ({{direction}})</td><td data-label="Type">{{type}}</td>
        <td data-label="Control id"><code>{{control}}</code></td><td data-label="Practice">{{practice}}</td>
        <td data-label="What became of it">{{fate}}</td></tr>
        {{/rows}}
        </tbody>
        </table>
        {{#next}}<p><a class="button quiet" href="{{next}}">Next page</a></p>{{/next}}
        {{/empty(rows)}}
        {{/content}}{{/layout}}
        """

    static let messageText = """
        {{<layout}}{{$content}}
        <dl>{{#facts}}<dt>{{name}}</dt><dd>{{value}}</dd>{{/facts}}</dl>
        {{^empty(jobs)}}<ul class="plain">{{#jobs}}<li><span class="tag care">▲ Waits</span> <a href="{{link}}">{{words}}</a></li>{{/jobs}}</ul>{{/empty(jobs)}}
        {{^empty(outcomes)}}
        <table>
        <caption>How it ended</caption>
        <thead><tr><th scope="col">When</th><th scope="col">Where</th><th scope="col">Outcome</th><th scope="col">Detail</th>
        </tr></thead>
        <tbody>
        {{#outcomes}}<tr><th scope="row"><time datetime="{{at.iso}}">{{at.text}}</time></th>
        <td data-label="Where">{{workflow}}</td><td data-label="Outcome">{{code}}</td>
        <td data-label="Detail">{{detail}}</td></tr>{{/outcomes}}
        </tbody>
        </table>
        {{/empty(outcomes)}}
        <h2>What it says</h2>
        {{#structure}}{{> structure}}{{/structure}}
        {{^isRevealed}}
        <form method="post" action="{{link}}/reveal" class="card narrow">
        <input type="hidden" name="csrf" value="{{frame.csrf}}">
        <h3>Reveal the values</h3>
        <p><label for="reveal-reason">Reason, which is kept with your name</label>
        <input id="reveal-reason" name="reason" maxlength="1000" required autocomplete="off"></p>
        <p><button class="quiet" type="submit">Reveal</button></p>
        </form>
        {{/isRevealed}}
        {{#isRevealed}}<p><a class="button quiet" href="{{link}}">Mask the values again</a></p>{{/isRevealed}}
        {{/content}}{{/layout}}
        """
}
