extension Template {
    static let unreadableText = """
        <p class="warning"><strong>Definitions not readable.</strong> The definitions in force were applied by a newer version
        and cannot be read by this one: bring every program up to date, or apply definitions that this version can read.
        Until then a program works by those before; one that has started since does not work.</p>
        """

    static let feedsText = """
        {{<layout}}{{$content}}
        {{#isUnreadable}}{{> unreadable}}{{/isUnreadable}}
        <h2>Feeds</h2>
        {{^feeds}}<p class="warning"><strong>Nothing came.</strong> No message has come within a week.</p>{{/feeds}}
        {{^empty(feeds)}}
        <table>
        <caption>Who sends to us, and when each was last heard within a week</caption>
        <thead><tr><th scope="col">Feed</th><th scope="col">Practices</th><th scope="col">Last message</th>
        <th scope="col" class="n">Last hour</th><th scope="col" class="n">Sent again, last day</th></tr></thead>
        <tbody>
        {{#feeds}}
        <tr><th scope="row"><a href="{{link}}">{{name}}</a></th><td data-label="Practices">{{practices}}</td>
        <td data-label="Last message"><time datetime="{{last.iso}}">{{last.text}}</time> ({{last.age}} ago)</td>
        <td class="n" data-label="Last hour">{{hour}}</td><td class="n" data-label="Sent again, last day">{{repeats}}</td></tr>
        {{/feeds}}
        </tbody>
        </table>
        {{/empty(feeds)}}
        {{^empty(alarms)}}
        <table>
        <caption>Silences that mattered, those that last first. What depends on a silent feed is withheld, and nobody is
        accused of it. Ask whoever runs the sender and the interface engine.</caption>
        <thead><tr><th scope="col">Feed</th><th scope="col">State</th><th scope="col">Silent since</th><th scope="col">Against</th></tr></thead>
        <tbody>
        {{#alarms}}
        <tr><th scope="row">{{feed}}<br><span class="soft">{{practice}}</span></th>
        <td data-label="State"><span class="tag {{tone}}">{{sign}} {{state}}</span></td>
        <td data-label="Silent since"><time datetime="{{since.iso}}">{{since.text}}</time> <span class="w">({{since.age}})</span></td>
        <td data-label="Against">{{usual}}</td></tr>
        {{/alarms}}
        </tbody>
        </table>
        {{/empty(alarms)}}
        <h2>Queues</h2>
        <table>
        <caption>What is left to do</caption>
        <thead><tr><th scope="col">Queue</th><th scope="col">State</th><th scope="col" class="n">Waiting</th>
        <th scope="col" class="n">Oldest</th><th scope="col" class="n">Retrying</th><th scope="col" class="n">Held back</th>
        <th scope="col" class="n">Parked</th><th scope="col" class="n">Uncertain</th></tr></thead>
        <tbody>
        {{#queues}}
        <tr><th scope="row">{{name}}{{#destination}}<br><span class="soft">{{destination}}</span>{{/destination}}</th>
        <td data-label="State"><span class="tag {{tone}}">{{sign}} {{state}}</span></td>
        <td class="n" data-label="Waiting">{{waiting}}</td><td class="n" data-label="Oldest"><span class="w">{{oldest}}</span></td>
        <td class="n" data-label="Retrying">{{retrying}}</td><td class="n" data-label="Held back">{{heldBack}}</td>
        <td class="n" data-label="Parked"><a href="{{link}}">{{parked}}</a></td>
        <td class="n" data-label="Uncertain"><a href="{{uncertainLink}}">{{uncertain}}</a></td></tr>
        {{/queues}}
        </tbody>
        </table>
        <h2>Workers</h2>
        {{^workers}}<p class="warning"><strong>No worker.</strong> Nothing works on the queues.</p>{{/workers}}
        {{^empty(workers)}}
        <table>
        <caption>Who works on the queues</caption>
        <thead><tr><th scope="col">Worker</th><th scope="col">State</th><th scope="col">Host</th><th scope="col">Version</th>
        <th scope="col">Started</th></tr></thead>
        <tbody>
        {{#workers}}
        <tr><th scope="row">{{name}}</th><td data-label="State"><span class="tag {{tone}}">{{sign}} {{state}}</span></td>
        <td data-label="Host">{{host}}</td><td data-label="Version">{{version}}</td>
        <td data-label="Started"><time datetime="{{started.iso}}">{{started.text}}</time></td></tr>
        {{/workers}}
        </tbody>
        </table>
        {{/empty(workers)}}
        <h2>Refused</h2>
        {{^refusals}}<p>Nothing was refused within a week.</p>{{/refusals}}
        {{^empty(refusals)}}
        <table>
        <caption>Frames that never became a message, the newest first</caption>
        <thead><tr><th scope="col">When</th><th scope="col">Feed</th><th scope="col">From</th><th scope="col">Why</th>
        <th scope="col" class="n">Size</th></tr></thead>
        <tbody>
        {{#refusals}}
        <tr><th scope="row"><time datetime="{{at.iso}}">{{at.text}}</time></th><td data-label="Feed">{{feed}}</td>
        <td data-label="From">{{peer}}</td><td data-label="Why">{{reason}}</td><td class="n" data-label="Size">{{size}}</td></tr>
        {{/refusals}}
        </tbody>
        </table>
        {{/empty(refusals)}}
        {{/content}}{{/layout}}
        """
}
